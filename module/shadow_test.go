package module

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/regogen/regogentest"
	"github.com/doorward/doorward/tokens"
)

// trialRun is a live engine with shadows beside it, whose worker does not run: tests judge what is in the queue themselves.
type trialRun struct {
	*shadows
	live *policyengine.Engine
}

// trialT is what a test and a drawn case of one have in common.
type trialT interface {
	Fatal(args ...any)
	Context() context.Context
}

func newTrialRun(t trialT) trialRun {
	live, err := policyengine.New(policyengine.Options{CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	beside, err := policyengine.New(policyengine.Options{CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	run := trialRun{newShadows(zap.NewNop()), live}
	run.engine, run.stop = beside, beside.Close
	return run
}

func (run trialRun) close() {
	run.shadows.close()
	run.live.Close()
}

// publish has policies in force in the order in which rules do.
func (run trialRun) publish(t trialT, revision int64, r pap.Resolution) {
	run.suspend()
	live := policiesOf(revision, r.Live)
	if err := run.live.Publish(t.Context(), live); err != nil {
		t.Fatal(err)
	}
	run.shadows.publish(t.Context(), live, r)
}

// ask decides as exchange.ask does.
func (run trialRun) ask(t trialT, r policyengine.Request) policyengine.Verdict {
	current := run.current.Load()
	requests := []policyengine.Request{r}
	v, err := run.live.DecideAll(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	if current != nil {
		run.shadows.ask(current, onTrial, requests, v)
	}
	return v
}

var onTrial = &exchange{r: &http.Request{Method: http.MethodGet}, endpoint: &endpoint.Endpoint{Pattern: "GET /x"}}

func grantedTo(group string, statements []*bind.Statement) pap.Granted {
	return pap.Granted{Binding: "b-" + group, Policy: "p-" + group, Group: group, Level: pap.AccountLevel("account"), Statements: statements}
}

// TestShadowsChangeNothing draws live policies, shadows and requests.
//
// Attack: put a policy on trial that decides after all. Invariant: the live answers are those of an engine that has never heard
// of the shadows, and what the trial says is what an engine says in which the shadows are live.
func TestShadowsChangeNothing(t *testing.T) {
	seen := map[[2]bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		run, alone, together := newTrialRun(t), newTrialRun(t), newTrialRun(t)
		defer run.close()
		defer alone.close()
		defer together.close()
		worlds := []*regogentest.World{regogentest.Draw(t), regogentest.Draw(t)}
		live, shadow := grantedTo("g1", worlds[0].Statements), grantedTo("g2", worlds[1].Statements)
		run.publish(t, 1, pap.Resolution{Live: []pap.Granted{live}, Shadow: []pap.Granted{shadow}, Trials: map[string]pap.Policy{"p-g2": {}}})
		alone.publish(t, 1, pap.Resolution{Live: []pap.Granted{live}})
		together.publish(t, 1, pap.Resolution{Live: []pap.Granted{live, shadow}})
		for range 5 {
			r := policyengine.Request{
				Subject: policyengine.Subject{User: "u", Groups: []string{"g1", "g2"}}, Account: "account", Environment: "e",
				Permission: rapid.SampledFrom(regogentest.Permissions).Draw(t, "permission"),
			}
			facts := worlds[rapid.IntRange(0, 1).Draw(t, "world")].Facts(t)
			r.Now = facts.Now
			for name, a := range facts.Attributes {
				if strings.HasPrefix(name, "shop:") {
					r.Attributes = append(r.Attributes, policyengine.Attribute{Name: name, Values: a.Values, List: a.List, Known: true})
				}
			}
			none, allow, deny := counterValue(t, run.count.none), counterValue(t, run.count.allow), counterValue(t, run.count.deny)
			got, want, tried := run.ask(t, r), alone.ask(t, r), together.ask(t, r)
			got.Cached, want.Cached = false, false
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("with shadows the answer is another (-without +with):\n%s", diff)
			}
			q := <-run.queue
			run.judge(t.Context(), run.engine, &q)
			change := [3]float64{counterValue(t, run.count.none) - none, counterValue(t, run.count.allow) - allow, counterValue(t, run.count.deny) - deny}
			expected := [3]float64{1, 0, 0}
			if got.Allow != tried.Allow {
				expected = map[bool][3]float64{true: {0, 1, 0}, false: {0, 0, 1}}[tried.Allow]
			}
			if change != expected {
				t.Fatalf("counted %v, want %v: live %v, with shadows %v", change, expected, got, tried)
			}
			seen[[2]bool{got.Allow, tried.Allow}]++
		}
		changed := counterValue(t, run.count.allow) + counterValue(t, run.count.deny)
		report := run.book.report("account", "p-g2", func(pap.Level) bool { return true })
		p := report.Policies[0]
		if float64(p.WouldAllow+p.WouldDeny) != changed || len(p.Samples) != min(int(changed), shadowSamples) || changed > 0 && len(p.Bindings) != 1 {
			t.Fatalf("%v changes were counted, and the book has %+v", changed, p)
		}
	})
	if len(seen) != 4 {
		t.Errorf("seen %v, want every combination of live and tried", seen)
	}
}

// settingsShadow is a live ALLOW with a DENY on trial.
func settingsShadow() pap.Resolution {
	allow := &bind.Statement{Permission: "settings:objects:read", Origin: bind.Origin{PolicyID: "live", PolicyName: "live"}}
	deny := *allow
	allow.Effect, deny.Effect = ast.Allow, ast.Deny
	deny.Origin = bind.Origin{PolicyID: "trial", PolicyName: "trial"}
	return pap.Resolution{
		Live:   []pap.Granted{grantedTo("g", []*bind.Statement{allow})},
		Shadow: []pap.Granted{grantedTo("g", []*bind.Statement{&deny})},
		Trials: map[string]pap.Policy{"p-g": {Statement: "DENY settings:objects:read;"}},
	}
}

func settingsRequest() policyengine.Request {
	return policyengine.Request{
		Subject: policyengine.Subject{User: "u", Groups: []string{"g"}}, Account: "account", Environment: "e",
		Permission: "settings:objects:read", Now: time.Unix(1, 0),
	}
}

// Attack: ask so much at once that what waits for the trial fills the memory, or the answers wait with it. Invariant: the queue
// has an end in number and in bytes, and what does not fit is counted and dropped.
func TestShadowQueueHasAnEnd(t *testing.T) {
	run := newTrialRun(t)
	defer run.close()
	run.publish(t, 1, settingsShadow())
	for range shadowQueue + 5 {
		run.ask(t, settingsRequest())
	}
	if got := counterValue(t, run.count.dropped); got != 5 || len(run.queue) != shadowQueue {
		t.Errorf("%v were dropped and %d wait", got, len(run.queue))
	}
	for len(run.queue) > 0 {
		q := <-run.queue
		run.queued.Add(-q.bytes)
	}
	large := settingsRequest()
	large.Attributes = []policyengine.Attribute{{Name: "settings:scope", Values: slicesOf(1000, strings.Repeat("x", 8<<10)), Known: true}}
	for range 5 {
		run.ask(t, large)
	}
	if got := counterValue(t, run.count.dropped); got != 7 || len(run.queue) != 3 {
		t.Errorf("%v were dropped and %d wait; three of 8 MiB are more than may wait", got, len(run.queue))
	}
}

// Attack: replace the policies between a verdict and its trial, so that a difference between two publications is taken for the
// shadow's doing. Invariant: a verdict is compared with the shadows of its own publication or with none.
func TestShadowOfAnotherPublication(t *testing.T) {
	run := newTrialRun(t)
	defer run.close()
	run.publish(t, 1, settingsShadow())
	run.ask(t, settingsRequest())
	run.publish(t, 2, settingsShadow())
	q := <-run.queue
	run.judge(t.Context(), run.engine, &q)
	if none, deny, dropped := counterValue(t, run.count.none), counterValue(t, run.count.deny), counterValue(t, run.count.dropped); none+deny != 0 || dropped != 1 {
		t.Errorf("none %v, deny %v, dropped %v", none, deny, dropped)
	}
	// Nor is anything handed over while they are being replaced.
	before := run.suspend()
	run.shadows.ask(before, onTrial, nil, policyengine.Verdict{})
	if len(run.queue) != 0 || counterValue(t, run.count.dropped) != 2 {
		t.Errorf("%d wait", len(run.queue))
	}
}

// Attack: put a secret where it becomes an attribute, and read it in the samples. Invariant: samples are masked, and as short as
// they must be.
func TestShadowSamplesHideSecrets(t *testing.T) {
	_, secret := testGate(t).mint(t, "metrics.read")
	got := sampledAttributes([]policyengine.Attribute{
		{Name: "a", Values: []string{"see " + secret, strings.Repeat("y", sampleValueBytes-10) + secret}, Known: true},
		{Name: "unknown", Values: []string{secret}},
		{Name: "long", Values: slicesOf(100, strings.Repeat("z", 1000)), Known: true},
	})
	size := 0
	for name, values := range got {
		size += len(name)
		for _, v := range values {
			size += len(v)
			if strings.Contains(v, secret[len(secret)-20:]) || tokens.Mask(v) != v {
				t.Errorf("%s: %s", name, v)
			}
		}
	}
	if size > sampleAttributeBytes+sampleValueBytes || len(got) != 2 {
		t.Errorf("%d bytes of %d attributes", size, len(got))
	}
}

// The book has room for so many policies and samples, and says when it had none.
func TestShadowBookHasAnEnd(t *testing.T) {
	b := newShadowBook()
	for i := range shadowRecords + 3 {
		for range shadowSamples + 2 {
			b.note("account", []string{string(rune('0' + i))}, nil, &shadowSample{Shadow: verdictDeny})
		}
	}
	if r := b.records[recordKey{account: "account", id: "0"}]; len(b.records) != shadowRecords || b.omitted != 3*(shadowSamples+2) || len(r.samples) != shadowSamples || r.deny != shadowSamples+2 {
		t.Errorf("%d records, %d omitted, %+v", len(b.records), b.omitted, r)
	}
}

func counterValue(t trialT, c prometheus.Counter) float64 {
	var value dto.Metric
	if err := c.Write(&value); err != nil {
		t.Fatal(err)
	}
	return value.GetCounter().GetValue()
}

func slicesOf(n int, text string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = text
	}
	return all
}
