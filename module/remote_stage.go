package module

import (
	"net/http"
	"time"

	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/module/masking"
	"github.com/doorward/doorward/remote"
)

// visit is what the gate knows of a request of remote support staff.
type visit struct {
	user    string // as approvals name it
	verdict remote.Verdict
	calls   []remote.Call // that all have to be allowed, as long as the request is under way
	until   time.Time     // when the first of them may not be any more, whatever the store says; zero: no such instant
	plan    *masking.Plan // by which the answer is masked; nil: it is not

	session *session
	event   int64 // of the record in the audit trail; 0: there is none
	outcome outcome
}

// checkRemote asks how far remote access goes, and writes down what staff do before they do it. It only takes away: whoever is
// not staff passes, and staff have passed every other stage.
func (x *exchange) checkRemote() bool {
	if x.visit == nil {
		return true
	}
	if err := x.judgeVisit(); err != nil {
		return x.denyUnreadable(err)
	}
	v := x.visit.verdict
	switch {
	case v.Reason == remote.NotLoaded:
		return x.denyFault(errRemoteUnknown)
	case !v.Allows():
		return x.deny(reasonRemote, x.remoteDetail())
	}
	if err := x.recordVisit(); err != nil {
		return x.denyFault(err)
	}
	return true
}

// judgeVisit has all that the request may need be allowed, or finds the first thing that is not.
func (x *exchange) judgeVisit() error {
	needed, err := x.neededRemotely()
	if err != nil {
		return err
	}
	for _, rule := range needed {
		if !x.judgeRule(rule) {
			return nil
		}
	}
	if len(needed) == 0 {
		x.judgeRule(endpoint.RemoteRule{}) // Unmapped
	}
	return nil
}

// judgeRule asks for one thing; false ends it.
func (x *exchange) judgeRule(rule endpoint.RemoteRule) bool {
	v := x.visit
	// Not the instant at which the request came in: its body may have been long under way, on purpose, and a grant ended meanwhile.
	call := remote.Call{User: v.user, Class: rule.Class, Needs: rule.Needs, Now: x.h.now()}
	limit := &x.h.gate.remote.limit
	v.verdict = limit.Decide(call)
	if plan := x.h.rows[x.endpoint].masked; plan != nil && v.verdict.Reason == remote.MissingPermission &&
		v.verdict.Missing == remote.SensitiveRead && (x.r.Method == http.MethodGet || x.r.Method == http.MethodHead) {
		call.Needs &^= remote.SensitiveRead
		if call.Needs == 0 {
			call.Needs = remote.EnvRead // that what is masked be seen is the least that there is
		}
		v.verdict, v.plan = limit.Decide(call), plan
	}
	if until := v.verdict.Until; !until.IsZero() && (v.until.IsZero() || until.Before(v.until)) {
		v.until = until
	}
	v.calls = append(v.calls, call)
	return v.verdict.Allows()
}

// neededRemotely are the rules of the row that may hold for the request. Where they depend on what it touches, that is read
// from it, and every thing counts.
func (x *exchange) neededRemotely() ([]endpoint.RemoteRule, error) {
	e := x.endpoint
	if len(e.Remote) <= 1 {
		return e.Remote, nil
	}
	nothing := func(string) ([]string, bool) { return nil, false }
	if e.Plan == nil {
		return e.RemoteCandidates(nothing), nil
	}
	questions, err := e.Plan.Questions(input{x})
	if err != nil {
		return nil, err
	}
	if len(questions) == 0 {
		return e.RemoteCandidates(nothing), nil
	}
	var all []endpoint.RemoteRule
	for _, q := range questions {
		all = append(all, e.RemoteCandidates(func(name string) ([]string, bool) {
			for _, a := range q.Attributes {
				if a.Name == name {
					return a.Values, a.Known
				}
			}
			return nil, false
		})...)
	}
	return all, nil
}

// askPath is where staff ask for access themselves.
const askPath = "/api/doorward/v1/remoteAccess/ownRequests"

// remoteDetail says why, which role would do, and how to come by it.
func (x *exchange) remoteDetail() string {
	v := x.visit.verdict
	detail := v.Reason.Sentence()
	if v.Would == remote.NoRole {
		return detail
	}
	return detail + " The role " + v.Would.String() + " would do; " + x.howToAsk()
}

func (x *exchange) howToAsk() string {
	if at := x.askAt(); at != "" {
		return "ask for it with POST " + at
	}
	return "an administrator can grant it"
}

// askAt is the URL at which the caller can ask for access, "" where there is none.
func (x *exchange) askAt() string {
	if x.h.api == nil || !x.visit.verdict.Setting.AsksForApproval() {
		return ""
	}
	return x.baseURL() + askPath
}

// asksForAccess reports whether staff are about to ask for access themselves.
func (x *exchange) asksForAccess() bool {
	rules := x.endpoint.Remote
	return x.visit != nil && len(rules) == 1 && rules[0].Class == remote.Asking
}
