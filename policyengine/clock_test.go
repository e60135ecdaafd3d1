package policyengine_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/refeval"
	"github.com/doorward/doorward/policyengine/regogen/regogentest"
)

// TestVerdictsHoldUntilTheySay: until the instant that a verdict names, the same request has the same answer.
//
// Attack: use a right after the hour that it is limited to, from a cache. Fix: a verdict ends where a time condition can
// change. Invariant: at no second before that does the reference evaluator answer differently.
func TestVerdictsHoldUntilTheySay(t *testing.T) {
	bounded := 0
	rapid.Check(t, func(t *rapid.T) {
		w := regogentest.Draw(t)
		set, err := policyengine.Compile(w.Statements)
		if err != nil {
			t.Fatal(err)
		}
		facts := w.Facts(t)
		for _, permission := range regogentest.Permissions {
			r := requestOf(permission, facts)
			v, err := set.Decide(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if want := refeval.Decide(w.Statements, permission, facts).Granted(); want != v.Allow {
				t.Fatalf("got %s\n%s", describe(v), regogentest.Describe(w.Statements, permission, facts))
			}
			end := v.ValidUntil
			if end.IsZero() {
				end = r.Now.Add(40 * 24 * time.Hour)
			} else {
				bounded++
			}
			if !end.After(r.Now) {
				t.Fatalf("ends at %v, which is not after %v", end, r.Now)
			}
			later := facts
			for _, at := range instants(t, r.Now, end) {
				later.Now = at
				if refeval.Decide(w.Statements, permission, later).Granted() != v.Allow {
					t.Fatalf("%s, but not at %v\n%s", describe(v), at, regogentest.Describe(w.Statements, permission, facts))
				}
			}
		}
	})
	if bounded == 0 {
		t.Error("no verdict had an end")
	}
}

// instants are the last one before the end, and some at random.
func instants(t *rapid.T, now, end time.Time) []time.Time {
	list := []time.Time{end.Add(-1)}
	for range 30 {
		list = append(list, now.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(now))-1).Draw(t, "later"))))
	}
	return list
}

// requestOf says to the engine what facts say to the reference evaluator. What an engine request cannot say about its
// subject is left out of the facts.
func requestOf(permission string, f refeval.Facts) policyengine.Request {
	r := policyengine.Request{Permission: permission, Now: f.Now}
	for name, target := range map[string]*string{
		"global:userId": &r.Subject.User, "global:usernameDomain": &r.Subject.UserDomain, "global:environmentId": &r.Environment,
	} {
		if a, ok := f.Attributes[name]; ok && !a.List && len(a.Values) == 1 && a.Values[0] != "" {
			*target = a.Values[0]
		}
		delete(f.Attributes, name)
		if *target != "" {
			f.Attributes[name] = refeval.Attribute{Values: []string{*target}}
		}
	}
	r.Subject.Groups = f.Attributes["global:userGroup"].Values
	f.Attributes["global:userGroup"] = refeval.Attribute{Values: r.Subject.Groups, List: true}
	for name, a := range f.Attributes {
		if name == "global:levelId" || name[:5] == "shop:" {
			r.Attributes = append(r.Attributes, policyengine.Attribute{Name: name, Values: a.Values, Known: true, List: a.List})
		}
	}
	return r
}
