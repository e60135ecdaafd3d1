package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/rig"
)

// Cases and measures of results/publication.csv.
const (
	caseBefore, caseDuring = "before", "during"
	measureP99             = "p99"
	measureFailed          = "failed"
	measureInForce         = "in force"
	classTokens            = "tokens"   // of requests that ask no policies
	classPolicies          = "policies" // of those that do
	publishPatience        = 30 * time.Second
)

// measurePublication sends requests at a fixed rate, half of which ask policies, and gives a group other policies meanwhile, by one
// call of the REST API: as many statements as before, all of them new.
func measurePublication(ctx context.Context, s settings, folder string, p gateway.Programs) error {
	st, err := open(ctx, folder, p, gateway.ForWorking(s.tokens), s.statements, map[string]string{"guarded": "doorward\ndoorward_api"})
	if err != nil {
		return err
	}
	defer func() { _ = st.close(ctx) }()
	all := cases(st.badges, s.tokens, s.seed)
	var samples []rig.Sample
	var idle []string // policies that the group does not have
	for change := range s.changes {
		mark := fmt.Sprintf("c%d.", change)
		if idle, err = gateway.Draft(ctx, st.store, idle, s.statements, mark); err != nil {
			return err
		}
		if err := st.rest(ctx); err != nil {
			return err
		}
		before, err := st.steady(ctx, s, all)
		if err != nil {
			return err
		}
		during, took, err := st.whilePublishing(ctx, s, all, idle, mark)
		if err != nil {
			return err
		}
		idle, st.badges.Policies = st.badges.Policies, idle
		samples = append(samples, latencies(caseBefore, change+1, before)...)
		samples = append(samples, latencies(caseDuring, change+1, during)...)
		samples = append(samples, rig.Sample{Case: caseDuring, Measure: measureInForce, Round: change + 1, Value: took.Seconds(), Unit: "s"})
	}
	about := rig.Machine(time.Now())
	about["cpus"] = "all for the gateway, one of them for the load and the API too"
	about["requests"] = fmt.Sprintf("%.0f/s, %s before each publication of %d statements and %s with it", s.rate, s.window, s.statements, s.window)
	if err := rig.SaveCSV(filepath.Join(s.out, "publication.csv"), about, samples); err != nil {
		return err
	}
	return report(s.readme, "publication", publicationTable(about, samples))
}

// latencies are the samples of one window. What was due and not sent until its end has waited, and is in the latencies; it has not
// failed.
func latencies(name string, round int, r load.Result) []rig.Sample {
	milliseconds := func(measure string, nanoseconds int64) rig.Sample {
		return rig.Sample{Case: name, Measure: measure, Round: round, Value: float64(nanoseconds) / 1e6, Unit: "ms"}
	}
	number := func(measure string, n int64) rig.Sample {
		return rig.Sample{Case: name, Measure: measure, Round: round, Value: float64(n), Unit: "requests"}
	}
	samples := []rig.Sample{
		milliseconds("p50", r.Latency.ValueAtQuantile(50)), milliseconds(measureP99, r.Latency.ValueAtQuantile(99)),
		milliseconds("max", r.Latency.Max()), milliseconds("behind", r.Behind.Nanoseconds()),
		number("requests", r.Requests), number("not sent", r.Unsent), number("unanswered", r.Errors),
		number(measureFailed, r.Errors+r.Requests-r.Statuses[http.StatusOK]),
	}
	for _, class := range []string{classTokens, classPolicies} {
		if h := r.ByName[class]; h != nil {
			samples = append(samples, milliseconds(measureP99+" "+class, h.ValueAtQuantile(99)))
		}
	}
	return samples
}

// steady is the load of one window: one token, many tokens, and a user whose policies are asked for 100 different things.
func (st *stage) steady(ctx context.Context, s settings, all []testCase) (load.Result, error) {
	hit, zipf := caseNamed(all, "hit").next, caseNamed(all, "zipf").next
	mine := make([]load.Request, 100)
	for i := range mine {
		mine[i] = load.Request{Name: classPolicies, Raw: gateway.Get(fmt.Sprintf("%sapp:any.%d", gateway.Settings, i), gateway.APIToken(st.badges.Personal))}
	}
	return load.Run(ctx, load.Plan{
		Address: st.sites["guarded"].Address(), Rate: s.rate, Spacing: load.Poisson, Connections: 256, Warmup: 500 * time.Millisecond, Duration: s.window, Seed: s.seed,
		Next: func(rng *rand.Rand, n int64) load.Request {
			switch n % 4 {
			case 0:
				return load.Request{Name: classTokens, Raw: hit(rng, n).Raw}
			case 1:
				return load.Request{Name: classTokens, Raw: zipf(rng, n).Raw}
			}
			return mine[rng.IntN(len(mine))]
		},
	})
}

// whilePublishing is the same with a publication in it, and how long it took from the call to the first answer by the new policy.
func (st *stage) whilePublishing(ctx context.Context, s settings, all []testCase, policies []string, mark string) (load.Result, time.Duration, error) {
	type outcome struct {
		took time.Duration
		err  error
	}
	published := make(chan outcome, 1)
	starts := time.AfterFunc(800*time.Millisecond, func() { // when the measurement has begun
		took, err := st.publish(ctx, policies, fmt.Sprintf("%s%d", mark, s.statements-1))
		published <- outcome{took, err}
	})
	result, err := st.steady(ctx, s, all)
	if err != nil && starts.Stop() {
		return result, 0, err
	}
	done := <-published
	return result, done.took, errors.Join(err, done.err)
}

// rest waits until the gateway has nothing more to do about what was drafted.
func (st *stage) rest(ctx context.Context) error {
	const look, quiet = 500 * time.Millisecond, 25 * time.Millisecond
	before, err := st.gateway.CPU()
	if err != nil {
		return err
	}
	for range int(publishPatience / look) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		now, err := st.gateway.CPU()
		if err != nil || now-before < quiet {
			return err
		}
		before = now
	}
	return fmt.Errorf("the gateway is still busy after %s", publishPatience)
}

// publish gives the group these policies instead of those that it has. Which are in force, a request says for a schema that only
// the new ones know.
func (st *stage) publish(ctx context.Context, policies []string, schema string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	body, err := json.Marshal(map[string][]string{"policyUuids": policies})
	if err != nil {
		return 0, err
	}
	site := "http://" + st.sites["guarded"].Address()
	start := time.Now()
	change := site + "/iam/v1/repo/account/" + st.badges.Account + "/bindings/groups/" + st.badges.Group
	status, text, err := call(ctx, http.MethodPut, change, "Bearer "+st.badges.Root, body)
	if err != nil || status != http.StatusNoContent {
		return 0, fmt.Errorf("publishing: status %d, %.300s: %w", status, text, err)
	}
	newest := site + gateway.Settings + "app:" + schema
	for {
		status, _, err := call(ctx, http.MethodGet, newest, gateway.APIToken(st.badges.Personal), nil)
		if err != nil {
			return 0, err
		}
		if status == http.StatusOK {
			return time.Since(start), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("the new policy is not in force after %s", publishPatience)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func call(ctx context.Context, method, url, authorization string, body []byte) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, string(text), err
}

// publicationTable compares the windows.
func publicationTable(about rig.About, samples []rig.Sample) string {
	of := func(name, measure string) rig.Spread { return rig.SpreadOf(rig.Values(samples, name, measure)) }
	var b strings.Builder
	fmt.Fprintf(&b, "%s. %s.\n\n| | Median | Least … most |\n| --- | --- | --- |\n", ran(about), about["requests"])
	row := func(what, format string, s rig.Spread) {
		fmt.Fprintf(&b, "| %s | "+format+" | "+format+" … "+format+" |\n", what, s.Median, s.Min, s.Max)
	}
	row("From the call to the new policy in force, s", "%.2f", of(caseDuring, measureInForce))
	row("p99 before, ms", "%.2f", of(caseBefore, measureP99))
	row("p99 with a publication in the window, ms", "%.2f", of(caseDuring, measureP99))
	row("… of requests that ask no policies", "%.2f", of(caseDuring, measureP99+" "+classTokens))
	row("ratio of the two", "%.2f", rig.SpreadOf(ratios(samples)))
	row("failed requests", "%.0f", of(caseDuring, measureFailed))
	return b.String()
}

// ratios are those of the slowest hundredth with a publication to that before it.
func ratios(samples []rig.Sample) []float64 {
	return rig.Ratios(samples, caseBefore, caseDuring, measureP99)
}
