package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/mix"
)

// flood is something that somebody sends who means no good, or too well.
type flood struct {
	name, meaning string
	// send goes on until ctx ends or so long has passed, and says which answers it got.
	send func(ctx context.Context, length time.Duration) (map[int]int64, error)
}

// honestAddress is where honest clients are; each flood comes from others.
var honestAddress = netip.AddrFrom4([4]byte{127, 0, 0, 2})

// crowd is how many addresses take part in the flood from many.
const crowd = 50

// floods are those that are measured.
func (st *stage) floods(s settings) ([]flood, error) {
	crowdRate := s.flood / crowd
	all := []flood{
		{"control", "none: how far apart two calms are", func(context.Context, time.Duration) (map[int]int64, error) { return nil, nil }},
		{"unknown-tokens", fmt.Sprintf("%g tokens a second that nobody has, ever new ones", s.flood), st.steady(s, 10, 1, s.flood, mix.Strangers())},
		{"one-bad-token", fmt.Sprintf("%g requests a second with one token that nobody has", s.flood), st.steady(s, 11, 1, s.flood, mix.Stranger(s.seed))},
		{"no-credential", fmt.Sprintf("%g requests a second without a credential", s.flood), st.steady(s, 12, 1, s.flood, mix.NoCredential())},
		{"unknown-keys", fmt.Sprintf("%g JWTs a second, each of a key that its issuer does not have", s.flood), st.steady(s, 13, 1, s.flood, mix.UnknownKeys(st.rear.Behind.URL, audience, time.Now()))},
		{"crowd", fmt.Sprintf("the first, from %d addresses at %g a second each", crowd, crowdRate), st.steady(s, 100, crowd, crowdRate, mix.Strangers())},
		{"good-tokens", fmt.Sprintf("%g requests a second with %d good tokens in turn, more than are remembered", s.flood/5, s.tokens-s.tokens/10), st.steady(s, 14, 1, s.flood/5, churn(s.tokens))},
		{"slow-bodies", fmt.Sprintf("%d bodies at a byte a second, which policies are asked about", s.slow), st.trickle(s)},
	}
	if s.only == "" {
		return all, nil
	}
	for _, f := range all {
		if f.name == s.only {
			return []flood{f}, nil
		}
	}
	return nil, errors.New("there is no flood of that name")
}

// churn uses the tokens that honest clients do not, one after the other.
func churn(tokens int) mix.Next {
	first := tokens / 10
	return func(_ *rand.Rand, n int64) load.Request {
		return load.Request{Raw: gateway.Get(gateway.Metrics, gateway.APIToken(gateway.Token(first+int(n%int64(tokens-first)))))}
	}
}

// steady is an open loop from so many addresses, from 127.0.0.last on, each at a rate.
func (st *stage) steady(s settings, last byte, addresses int, rate float64, next mix.Next) func(context.Context, time.Duration) (map[int]int64, error) {
	return func(ctx context.Context, length time.Duration) (map[int]int64, error) {
		var mu sync.Mutex
		var group sync.WaitGroup
		statuses, errs := map[int]int64{}, make([]error, addresses)
		for i := range addresses {
			plan := load.Plan{
				Address: st.address, LocalIP: netip.AddrFrom4([4]byte{127, 0, 0, last + byte(i)}), Rate: rate, Duration: length,
				Connections: max(1, 64/addresses), Next: next, Seed: s.seed + uint64(i), //nolint:gosec // a small number
			}
			group.Go(func() {
				result, err := load.Run(ctx, plan)
				if ctx.Err() == nil {
					errs[i] = err
				}
				mu.Lock()
				defer mu.Unlock()
				for status, n := range result.Statuses {
					statuses[status] += n
				}
			})
		}
		group.Wait()
		return statuses, errors.Join(errs...)
	}
}

// trickle sends bodies that policies are asked about, and does not finish them.
func (st *stage) trickle(s settings) func(context.Context, time.Duration) (map[int]int64, error) {
	head := fmt.Appendf(nil, "POST /judged HTTP/1.1\r\nHost: load.test\r\nAuthorization: Api-Token %s\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{",
		st.badges.Personal)
	t := mix.Trickle{Address: st.address, LocalIP: netip.AddrFrom4([4]byte{127, 0, 0, 15}), Head: head, Clients: s.slow, Every: time.Second}
	return func(ctx context.Context, length time.Duration) (map[int]int64, error) {
		ctx, cancel := context.WithTimeout(ctx, length)
		defer cancel()
		ended, err := t.Run(ctx)
		statuses := map[int]int64{}
		for status, n := range ended.Statuses {
			statuses[status] = int64(n)
		}
		if err == nil && (ended.Clients < s.slow || ended.Cut > 0) {
			err = fmt.Errorf("of %d slow clients %d were connected, and %d cut", s.slow, ended.Clients, ended.Cut)
		}
		return statuses, err
	}
}
