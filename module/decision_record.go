package module

import (
	"cmp"
	"context"
	"slices"

	"github.com/doorward/doorward/module/decisionlog"
	"github.com/doorward/doorward/policyengine"
)

// recordedQuestions bounds what a record says about things that were asked about. A record has no room for more.
const recordedQuestions = 64

// record is the decision as the log keeps it. The log masks and bounds every text that it writes; whoever shows a record
// that was not read from there has to.
func (x *exchange) record() decisionlog.Record {
	r := decisionlog.Record{
		Version: decisionlog.Version, Time: x.now, ID: x.id.String(),
		Decision: x.reason.decision(), Reason: x.reason.String(),
		Method: x.r.Method, Host: cmp.Or(x.authority, x.r.Host), Path: x.path.escaped, ClientIP: x.clientIP(),
		Environment: x.environment, Cause: string(x.refusal), Detail: x.detail, Query: x.queryNames(),
	}
	if x.reason != reasonAllowed { // then the status is the API's to choose
		r.Status = x.reason.status()
	}
	if x.endpoint != nil {
		r.Endpoint = x.endpoint.Pattern
	}
	if p := x.principal; p != nil {
		r.TokenID, r.User, r.Kind, r.Scopes = p.TokenID, p.User, p.Kind, p.Scopes.Names()
	}
	if x.fault != nil {
		r.Fault = x.fault.Error()
	}
	if x.trace != nil {
		r.Stages = x.trace.stages(x.h.now())
		r.Questions = x.questions()
	}
	return r
}

// queryNames are the names of the query parameters, each once. Their values may be secrets and are nobody's business.
func (x *exchange) queryNames() []string {
	if x.r.URL.RawQuery == "" {
		return nil
	}
	var names []string
	// A query that cannot be read is refused for it; what stands before the fault is listed all the same.
	_ = queryNames(x.r.URL.RawQuery, func(name string) bool {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		return len(names) < recordedQuestions
	})
	return names
}

// questions are what the policies were asked and answered, what was refused in front.
func (x *exchange) questions() []decisionlog.Question {
	var all []decisionlog.Question
	for i := range x.trace.asked {
		all = append(all, x.answered(&x.trace.asked[i])...)
	}
	slices.SortStableFunc(all, func(a, b decisionlog.Question) int {
		return cmp.Compare(decided(a), decided(b))
	})
	return all[:min(len(all), recordedQuestions)]
}

// decided puts what stopped a request before what it was granted.
func decided(q decisionlog.Question) int {
	if q.Verdict == verdictAllow {
		return 1
	}
	return 0
}

// The words for a verdict in records.
const (
	verdictAllow = "allow"
	verdictDeny  = "deny"
	verdictFault = "fault"
)

// answered takes one call of the engine apart into its questions. The engine answers for all things together and stops at
// the first that is refused; the answers to each come from its cache. Those behind the refused one were never asked.
func (x *exchange) answered(a *asked) []decisionlog.Question {
	if a.fault {
		q := questionOf(&a.requests[0], a.verdict)
		q.Verdict = verdictFault
		return []decisionlog.Question{q}
	}
	if len(a.requests) == 1 {
		return []decisionlog.Question{questionOf(&a.requests[0], a.verdict)}
	}
	var granted []decisionlog.Question
	// Whoever hangs up must not make the record of it poorer.
	ctx := context.WithoutCancel(x.r.Context())
	for i := range a.requests {
		if a.verdict.Allow && i == recordedQuestions {
			break
		}
		v, err := x.h.gate.rules.engine.Decide(ctx, a.requests[i])
		if err != nil {
			break
		}
		v.Cached = a.verdict.Cached // by now everything is
		if !v.Allow {
			return append([]decisionlog.Question{questionOf(&a.requests[i], a.verdict)}, granted...)
		}
		if len(granted) < recordedQuestions {
			granted = append(granted, questionOf(&a.requests[i], v))
		}
	}
	if !a.verdict.Allow {
		// The policies were replaced in between. The verdict counts, not what they would say now.
		return []decisionlog.Question{questionOf(&a.requests[0], a.verdict)}
	}
	return granted
}

func questionOf(r *policyengine.Request, v policyengine.Verdict) decisionlog.Question {
	q := decisionlog.Question{Permission: r.Permission, Verdict: verdictDeny, Missing: v.Missing, Cached: v.Cached}
	if v.Allow {
		q.Verdict = verdictAllow
	}
	for _, a := range r.Attributes {
		if a.Known {
			if q.Attributes == nil {
				q.Attributes = make(map[string][]string, len(r.Attributes))
			}
			q.Attributes[a.Name] = a.Values
		}
	}
	for _, reason := range v.Reasons {
		q.Reasons = append(q.Reasons, decisionlog.Reason{
			Policy: reason.PolicyID, Name: reason.PolicyName, Level: string(reason.Level), LevelID: reason.LevelID,
			Effect: reason.Effect.String(), Boundary: reason.Boundary, Note: reason.Note,
			Statement: reason.Statement, Line: reason.Line, Column: reason.Column,
		})
	}
	return q
}
