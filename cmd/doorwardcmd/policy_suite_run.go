package doorwardcmd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
)

// suiteResult is what came of a file, as --json shows it.
type suiteResult struct {
	File        string      `json:"file"`
	Passed      int         `json:"passed"`
	Failed      int         `json:"failed"`
	Requests    []verdictOf `json:"requests"`    // never null; empty where the file has errors
	Diagnostics []judged    `json:"diagnostics"` // of the file and the texts that it names; never null
	broken      bool        // nothing was asked
}

// verdictOf is what came of one request.
type verdictOf struct {
	Name       string       `json:"name"`
	Pos        ast.Position `json:"position"`
	Permission string       `json:"permission"`
	Expected   string       `json:"expected"`
	Got        string       `json:"got"` // allow, deny or fault
	Because    string       `json:"because"`
	Passed     bool         `json:"passed"`
}

// runSuite reads a suite and asks what it asks. The error is about the machinery, not about the suite.
func runSuite(ctx context.Context, t namedText, known *catalog.Catalog, now time.Time) (suiteResult, error) {
	result := suiteResult{File: shown(t.name), Requests: []verdictOf{}, Diagnostics: []judged{}}
	s, found := parseSuite(t.text)
	if s == nil {
		result.reject(judgedText(t.name, found))
		return result, nil
	}
	l := &loader{file: t.name, suite: s, catalog: known, now: now}
	l.load()
	if len(l.found) > 0 {
		result.reject(judgedText(t.name, l.found))
	}
	for _, j := range l.texts {
		result.reject(j)
	}
	if result.broken {
		return result, nil
	}
	return result, result.ask(ctx, l)
}

// reject takes remarks on; errors among them end the matter.
func (r *suiteResult) reject(j judged) {
	r.Diagnostics = append(r.Diagnostics, j)
	r.broken = r.broken || j.Errors > 0
}

// ask puts all questions to an engine of their own.
func (r *suiteResult) ask(ctx context.Context, l *loader) error {
	engine, err := policyengine.New(policyengine.Options{CacheBytes: -1})
	if err != nil {
		return err
	}
	defer engine.Close()
	if err := engine.Publish(ctx, policyengine.Policies{Revision: 1, Bindings: l.bindings}); err != nil {
		return err
	}
	for _, q := range l.questions {
		if err := ctx.Err(); err != nil {
			return err
		}
		v := q.judge(engine.Decide(ctx, q.request))
		if v.Passed {
			r.Passed++
		} else {
			r.Failed++
		}
		r.Requests = append(r.Requests, v)
	}
	return nil
}

// judge compares a verdict with what was expected. A fault is never what was expected.
func (q question) judge(v policyengine.Verdict, err error) verdictOf {
	result := verdictOf{Name: shown(q.Name), Pos: q.pos, Permission: shown(q.Permission), Expected: q.Expect, Got: "deny"}
	if err != nil {
		result.Got, result.Because = "fault", shown(explain(err))
		return result
	}
	if v.Allow {
		result.Got = "allow"
	}
	result.Because = shown(reasonsOf(v))
	switch {
	case result.Got != q.Expect:
	case !q.timed && !v.ValidUntil.IsZero():
		result.Because = "the verdict depends on the time; give the request, or the file, a now"
	case q.Reason == reasonDefault && len(v.Reasons) > 0, q.Reason != "" && q.Reason != reasonDefault && !named(v, q.Reason):
		result.Because = fmt.Sprintf("expected for the reason %s: %s", shown(q.Reason), result.Because)
	default:
		result.Passed = true
	}
	return result
}

func named(v policyengine.Verdict, policy string) bool {
	return slices.ContainsFunc(v.Reasons, func(r policyengine.Reason) bool { return r.PolicyName == policy })
}

// reasonsOf is why a verdict is what it is, in a few words.
func reasonsOf(v policyengine.Verdict) string {
	var reasons []string
	for _, r := range v.Reasons {
		text := fmt.Sprintf("%s %d:%d %s", r.PolicyName, r.Line, r.Column, r.Effect)
		if r.Boundary != "" {
			text += " within boundary " + r.Boundary
		}
		if r.Note != "" {
			text += " (" + r.Note + ")"
		}
		reasons = append(reasons, text)
	}
	if len(reasons) == 0 {
		reasons = append(reasons, "no statement grants it")
	}
	if len(v.Missing) > 0 && len(v.Reasons) == 0 {
		reasons = append(reasons, "unknown: "+strings.Join(v.Missing, ", "))
	}
	return strings.Join(reasons, "; ")
}
