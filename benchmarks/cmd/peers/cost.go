package main

import (
	"context"
	"runtime"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/rig"
)

// cost is a load and what it took: CPU seconds of 10,000 requests, of the proxy and of the servers that it asks, and the part of the
// machine that went elsewhere, in per cent.
type cost struct {
	load.Result
	proxy, helpers, others float64
}

func (s *stage) costed(ctx context.Context, p *peer, rate float64) (c cost, err error) {
	before, err := s.times()
	if err != nil {
		return c, err
	}
	began := time.Now()
	if c.Result, err = s.load(ctx, p, rate, s.duration); err != nil {
		return c, err
	}
	lasted := time.Since(began)
	after, err := s.times()
	if err != nil {
		return c, err
	}
	each := 10_000 / float64(c.Requests)
	c.proxy = (after.proxy - before.proxy).Seconds() * each
	c.helpers = (after.helpers - before.helpers).Seconds() * each
	all := lasted * time.Duration(runtime.NumCPU())
	c.others = max(0, 100*float64(after.elsewhere()-before.elsewhere())/float64(all))
	return c, nil
}

// times are CPU times since a process, or the machine, has started.
type times struct{ proxy, helpers, rest, machine time.Duration }

// elsewhere is what none of ours has spent.
func (t times) elsewhere() time.Duration { return t.machine - t.proxy - t.helpers - t.rest }

func (s *stage) times() (t times, err error) {
	if t.machine, err = rig.Busy(); err != nil {
		return t, err
	}
	if t.rest, err = rig.OwnCPU(); err != nil {
		return t, err
	}
	for of, processes := range map[*time.Duration][]*rig.Process{&t.proxy: {s.proxy}, &t.helpers: s.helpers, &t.rest: {s.upstream}} {
		for _, process := range processes {
			spent, err := process.CPU()
			if err != nil {
				return t, err
			}
			*of += spent
		}
	}
	return t, nil
}

func (s *stage) memory(add func(measure string, value float64, unit string)) error {
	proxy, err := s.proxy.RSS()
	if err != nil {
		return err
	}
	var helpers int64
	for _, helper := range s.helpers {
		size, err := helper.RSS()
		if err != nil {
			return err
		}
		helpers += size
	}
	add(rig.MeasureRSSProxy, float64(proxy)/(1<<20), "MiB")
	add(rig.MeasureRSSHelpers, float64(helpers)/(1<<20), "MiB")
	return nil
}
