package module

import (
	"time"

	"github.com/doorward/doorward/module/decisionlog"
	"github.com/doorward/doorward/policyengine"
)

// observer hears of every decision when it is final, in the goroutine of the request: it must not block, and must not
// keep the exchange once the request is over.
type observer interface{ settled(x *exchange) }

// stage is a step of a request's way through the gate, in the order of ServeHTTP.
type stage uint8

const (
	stageTarget stage = iota
	stageCredential
	stagePrincipal
	stageEndpoint
	stageScopes
	stagePolicies
	stageRemote
	stageCount
)

// stageNames are their names in records.
var stageNames = [stageCount]string{"target", "credential", "principal", "endpoint", "scopes", "policies", "remote"}

// trace is what an observer wants to know of a request and nobody else: when it came to each stage, and what the
// policies were asked. It exists only where somebody observes, or where spans are recorded.
type trace struct {
	entered [stageCount]time.Time
	count   int // of the stages entered
	asked   []asked
}

// asked is one call of the policy engine: all things that the request touches, and the answer about them together.
type asked struct {
	requests []policyengine.Request
	verdict  policyengine.Verdict
	fault    bool // there was no answer
}

// in notes that a request comes to a stage, which every stage is called through.
func (x *exchange) in(s stage) *exchange {
	if x.trace != nil {
		x.trace.entered[s] = x.h.now()
		x.trace.count = int(s) + 1
	}
	return x
}

// noteAnswer keeps what the engine was asked and said.
func (x *exchange) noteAnswer(requests []policyengine.Request, v policyengine.Verdict, err error) {
	if x.trace != nil {
		x.trace.asked = append(x.trace.asked, asked{requests, v, err != nil})
	}
}

// stages lists those that the request came to, and how long each took; the last one ends now.
func (t *trace) stages(now time.Time) []decisionlog.Stage {
	taken := make([]decisionlog.Stage, t.count)
	for i := range taken {
		end := now
		if i+1 < t.count {
			end = t.entered[i+1]
		}
		taken[i] = decisionlog.Stage{Name: stageNames[i], Took: end.Sub(t.entered[i])}
	}
	return taken
}
