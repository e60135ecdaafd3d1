package policyengine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
)

var start = time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC) // a Wednesday

func publish(tb testing.TB, engine *policyengine.Engine, revision int64, bindings ...policyengine.Binding) {
	tb.Helper()
	if err := engine.Publish(tb.Context(), policyengine.Policies{Revision: revision, Bindings: bindings}); err != nil {
		tb.Fatal(err)
	}
}

func decide(tb testing.TB, engine *policyengine.Engine, r policyengine.Request) policyengine.Verdict {
	tb.Helper()
	v, err := engine.Decide(tb.Context(), r)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// bindingOf gives group g1, which the requests of these tests have, a policy in the account.
func bindingOf(tb testing.TB, policy string) policyengine.Binding {
	tb.Helper()
	return policyengine.Binding{Group: "g1", Level: bind.Account, LevelID: "account", Statements: bindText(tb, "p", policy, nil, nil)}
}

func engineWith(tb testing.TB, options policyengine.Options, policy string) *policyengine.Engine {
	tb.Helper()
	engine, err := policyengine.New(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(engine.Close)
	publish(tb, engine, 1, bindingOf(tb, policy))
	return engine
}

// TestWhoHoldsWhat: bindings hold for their group, in their account with all its environments or in their environment.
func TestWhoHoldsWhat(t *testing.T) {
	engine := engineWith(t, policyengine.Options{}, `ALLOW hub:catalog:read;`)
	read := bindText(t, "p", `ALLOW hub:catalog:read;`, nil, nil)
	refuse := bindText(t, "q", `DENY hub:catalog:read;`, nil, nil)
	publish(t, engine, 2,
		policyengine.Binding{Group: "readers", Level: bind.Account, LevelID: "a", Statements: read},
		policyengine.Binding{Group: "locals", Level: bind.Environment, LevelID: "e1", Statements: read},
		policyengine.Binding{Group: "locals", Level: bind.Environment, LevelID: "e2", Statements: refuse},
		policyengine.Binding{Group: "banned", Level: bind.Environment, LevelID: "e1", Statements: refuse},
	)
	for _, c := range []struct {
		groups, account, environment string
		allow                        bool
	}{
		{"readers", "a", "e1", true},
		{"readers", "a", "", true},
		{"readers", "b", "e1", false},
		{"readers", "", "a", false}, // an environment is no account of the same name
		{"locals", "a", "e1", true},
		{"locals", "a", "e2", false},
		{"locals", "e1", "", false},
		{"readers locals", "a", "e2", false}, // what is refused below is refused
		{"locals readers", "a", "e2", false},
		{"readers banned", "a", "e1", false},
		{"readers banned", "a", "e2", true},
		{"readers readers", "a", "e1", true},
		{"", "a", "e1", false},
		{"Readers", "a", "e1", false},
	} {
		r := request(t, "hub:catalog:read")
		r.Subject.Groups, r.Account, r.Environment = strings.Fields(c.groups), c.account, c.environment
		if v := decide(t, engine, r); v.Allow != c.allow {
			t.Errorf("%+v: got %s", c, describe(v))
		}
	}
}

// TestSetsAreShared: subjects whose bindings give the same statements share what is compiled, whatever their groups.
func TestSetsAreShared(t *testing.T) {
	engine := engineWith(t, policyengine.Options{}, `ALLOW hub:catalog:read;`)
	a, b := bindText(t, "a", `ALLOW hub:catalog:read;`, nil, nil), bindText(t, "b", `ALLOW settings:objects:read;`, nil, nil)
	var bindings []policyengine.Binding
	for i := range 20 {
		group := fmt.Sprintf("group-%d", i)
		bindings = append(bindings,
			policyengine.Binding{Group: group, Level: bind.Account, LevelID: "account", Statements: a},
			policyengine.Binding{Group: group, Level: bind.Environment, LevelID: "env", Statements: b})
	}
	publish(t, engine, 2, bindings...)
	var sets []*policyengine.Set
	for i := range 20 {
		r := request(t, "hub:catalog:read")
		r.Subject.Groups = []string{fmt.Sprintf("group-%d", i), fmt.Sprintf("group-%d", (i*7)%20)}
		decide(t, engine, r)
		set, err := engine.Set(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, set)
	}
	if sets = slices.Compact(sets); len(sets) != 1 {
		t.Errorf("%d sets", len(sets))
	}
	if got := engine.Stats(); got.Compiled != 1 || got.Sets != 1 || got.Statements != 2 || got.Revision != 2 {
		t.Errorf("got %+v", got)
	}
}

// TestPublishPrepares: after a publication nobody who asked lately waits for a compilation, and everybody is decided by
// the new policies at once.
func TestPublishPrepares(t *testing.T) {
	engine := engineWith(t, policyengine.Options{}, `ALLOW hub:catalog:read;`)
	r := request(t, "hub:catalog:read")
	decide(t, engine, r)
	publish(t, engine, 2, bindingOf(t, `DENY hub:catalog:read;`))
	if got := engine.Stats().Compiled; got != 2 {
		t.Errorf("%d sets were compiled before the request", got)
	}
	if v := decide(t, engine, r); v.Allow || v.Cached {
		t.Errorf("got %s", describe(v))
	}
	// Policies that were read from the store before these come too late.
	publish(t, engine, 1, bindingOf(t, `ALLOW hub:catalog:read;`))
	if v := decide(t, engine, r); v.Allow {
		t.Errorf("older policies decide: %s", describe(v))
	}
	publish(t, engine, 3)
	if v := decide(t, engine, r); v.Allow || len(v.Reasons) != 0 {
		t.Errorf("without bindings: %s", describe(v))
	}
}

// TestBrokenPoliciesDoNotReplace: policies that cannot be used leave those before in force.
//
// Attack: publish something that does not compile, to be rid of a DENY or of all policies. Fix: everything is made ready
// before it takes over. Invariant: after a failed publication every answer is as before.
func TestBrokenPoliciesDoNotReplace(t *testing.T) {
	engine := engineWith(t, policyengine.Options{CacheBytes: -1}, `ALLOW hub:catalog:read, hub:catalog:write; DENY hub:catalog:write;`)
	conflicting := bindText(t, "p", `ALLOW settings:objects:read WHERE settings:schemaId = "a"; DENY settings:objects:read WHERE settings:schemaId = "a";`, nil, nil)
	conflicting[1].Conditions[0].Kind = catalog.Set
	huge := make([]*bind.Statement, policyengine.MaxSetStatements+1)
	for i := range huge {
		huge[i] = &bind.Statement{Permission: "a:b:c", Origin: bind.Origin{Index: i}}
	}
	decide(t, engine, request(t, "hub:catalog:read"))
	for name, b := range map[string]policyengine.Binding{
		"two kinds of one attribute": {Group: "g1", Level: bind.Account, LevelID: "account", Statements: conflicting},
		"too large":                  {Group: "g1", Level: bind.Account, LevelID: "account", Statements: huge},
		"no level":                   {Group: "g1", LevelID: "account"},
		"global level":               {Group: "g1", Level: bind.Global, LevelID: "global"},
		"no identifier":              {Group: "g1", Level: bind.Account},
		"no group":                   {Level: bind.Account, LevelID: "account"},
	} {
		err := engine.Publish(t.Context(), policyengine.Policies{Revision: 2, Bindings: []policyengine.Binding{b}})
		if _, ok := errors.AsType[*fault.Fault](err); !ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	err := engine.Publish(cancelled, policyengine.Policies{Revision: 2, Bindings: []policyengine.Binding{bindingOf(t, `ALLOW hub:catalog:write;`)}})
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("given up: got %v", err)
	}
	if !decide(t, engine, request(t, "hub:catalog:read")).Allow || decide(t, engine, request(t, "hub:catalog:write")).Allow {
		t.Error("the policies before are gone")
	}
}

// TestFaultsRefuse: a request that cannot be decided is refused with an error.
//
// Attack: leave out or repeat what a decision depends on, or say as an attribute who one is. Fix: such requests are faults.
// Invariant: an error never comes with a grant.
func TestFaultsRefuse(t *testing.T) {
	engine := engineWith(t, policyengine.Options{}, `ALLOW settings:objects:read WHERE settings:schemaId != "x" AND global:userGroup != "y"; ALLOW hub:catalog:read;`)
	empty, err := policyengine.New(policyengine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	long := strings.Repeat("x", policyengine.MaxValueBytes+1)
	for name, c := range map[string]struct {
		engine *policyengine.Engine
		change func(*policyengine.Request)
		kind   fault.Kind
	}{
		"no policies yet": {empty, func(*policyengine.Request) {}, fault.Unavailable},
		"no time":         {engine, func(r *policyengine.Request) { r.Now = time.Time{} }, fault.Internal},
		"no permission":   {engine, func(r *policyengine.Request) { r.Permission = "" }, fault.Invalid},
		"long permission": {engine, func(r *policyengine.Request) { r.Permission = long }, fault.Invalid},
		"given twice":     {engine, func(r *policyengine.Request) { r.Attributes = append(r.Attributes, r.Attributes[0]) }, fault.Invalid},
		"says its user":   {engine, func(r *policyengine.Request) { r.Attributes[0].Name = "global:userId" }, fault.Invalid},
		"says its groups": {engine, func(r *policyengine.Request) { r.Attributes[0].Name = "global:userGroup" }, fault.Invalid},
		"says the time":   {engine, func(r *policyengine.Request) { r.Attributes[0].Name = "global:date" }, fault.Invalid},
		"long value":      {engine, func(r *policyengine.Request) { r.Attributes[0].Values = []string{long} }, fault.Invalid},
		"many values":     {engine, func(r *policyengine.Request) { r.Attributes[0].Values = make([]string, policyengine.MaxValues+1) }, fault.Invalid},
		"many groups": {engine, func(r *policyengine.Request) {
			r.Subject.Groups = slices.Repeat([]string{"g1"}, policyengine.MaxValues+1)
		}, fault.Invalid},
		"many large values": {engine, func(r *policyengine.Request) { r.Attributes[0].Values = slices.Repeat([]string{long[1:]}, 200) }, fault.Invalid},
		"many attributes": {engine, func(r *policyengine.Request) {
			r.Attributes = make([]policyengine.Attribute, policyengine.MaxAttributes+1)
		}, fault.Invalid},
	} {
		r := request(t, "settings:objects:read settings:schemaId=a")
		c.change(&r)
		v, err := c.engine.Decide(t.Context(), r)
		if v.Allow || fault.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: got %s, %v", name, describe(v), err)
		}
		if err != nil && strings.Contains(fault.Public(err), "global:") {
			t.Errorf("%s: the public sentence tells too much: %s", name, fault.Public(err))
		}
	}
}

// TestTimeout: an evaluation that takes too long is a fault and is not remembered as an answer.
func TestTimeout(t *testing.T) {
	engine := engineWith(t, policyengine.Options{Evaluation: time.Nanosecond},
		strings.Repeat(`DENY settings:objects:read WHERE settings:schemaId MATCH ("*x${global:userGroup}*");`, 100))
	r := request(t, "settings:objects:read settings:schemaId=a")
	for i := range 5000 {
		r.Subject.Groups = append(r.Subject.Groups, fmt.Sprintf("group-%d", i))
	}
	for range 2 {
		if v, err := engine.Decide(t.Context(), r); v.Allow || fault.KindOf(err) != fault.Unavailable || err == nil {
			t.Errorf("got %s, %v", describe(v), err)
		}
	}
}

// TestDecideAll: several things are granted only if each of them is.
func TestDecideAll(t *testing.T) {
	engine := engineWith(t, policyengine.Options{}, `ALLOW settings:objects:read WHERE settings:schemaId IN ("a", "b");
ALLOW settings:objects:read WHERE settings:schemaId = "c" AND global:date < "2026-01-10Z";`)
	ask := func(schemas ...string) (policyengine.Verdict, error) {
		var requests []policyengine.Request
		for _, s := range schemas {
			requests = append(requests, request(t, "settings:objects:read settings:schemaId="+s))
		}
		return engine.DecideAll(t.Context(), requests)
	}
	for _, c := range []struct {
		schemas string
		want    string
	}{
		{"a", "ALLOW p#0@1:1, until 2026-01-10T00:00:00Z"},
		{"a b", "ALLOW p#0@1:1, until 2026-01-10T00:00:00Z"},
		{"a c", "ALLOW p#0@1:1 p#1@2:1, until 2026-01-10T00:00:00Z"},
		{"a x b", "DENY by default, until 2026-01-10T00:00:00Z"},
		{"a b ?", "DENY by default, missing settings:schemaId, until 2026-01-10T00:00:00Z"},
	} {
		v, err := ask(strings.Fields(c.schemas)...)
		if diff := cmp.Diff(c.want, describe(v)); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", c.schemas, err, diff)
		}
		if refused := max(slices.Index(strings.Fields(c.schemas), "x"), slices.Index(strings.Fields(c.schemas), "?"), 0); v.Index != refused {
			t.Errorf("%s: number %d was refused, want %d", c.schemas, v.Index, refused)
		}
	}
	for _, n := range []int{0, policyengine.MaxRequests + 1} {
		if v, err := ask(slices.Repeat([]string{"a"}, n)...); v.Allow || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d things: got %s, %v", n, describe(v), err)
		}
	}
	engine.Settle()
	if v, err := ask(slices.Repeat([]string{"a", "b"}, policyengine.MaxRequests/2)...); err != nil || !v.Allow || !v.Cached {
		t.Errorf("a thousand things: got %s, %v", describe(v), err)
	}
}

// TestReads: exactly what statements of a permission read, each once.
func TestReads(t *testing.T) {
	set, err := policyengine.Compile(bindText(t, "p", `
ALLOW settings:objects:read WHERE settings:schemaId = "a" AND settings:scope = "${global:userId}" AND global:date < "2026-01-01Z";
DENY settings:objects:read WHERE settings:scope IN ("${global:userGroup}", "${global:userId}");
ALLOW settings:objects:write WHERE settings:schemaId = "b";
ALLOW email:emails:send, oauth2:clients:manage WHERE oauth2:scopes = "a";
ALLOW hub:catalog:read;`, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	for permission, want := range map[string][]string{
		"settings:objects:read":  {"global:date", "global:userGroup", "global:userId", "settings:schemaId", "settings:scope"},
		"settings:objects:write": {"settings:schemaId"},
		"email:emails:send":      {},
		"oauth2:clients:manage":  {"oauth2:scopes"},
		"hub:catalog:read":       {},
		"hub:catalog:write":      nil,
	} {
		if diff := cmp.Diff(want, set.Reads(permission)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", permission, diff)
		}
	}
}

// TestRevision: the order of statements and repeated ones do not count, everything that a verdict shows does.
func TestRevision(t *testing.T) {
	statements := func(name, policy string) []*bind.Statement { return bindText(t, name, policy, nil, nil) }
	revision := func(lists ...[]*bind.Statement) policyengine.Revision {
		set, err := policyengine.Compile(slices.Concat(lists...))
		if err != nil {
			t.Fatal(err)
		}
		return set.Revision
	}
	const one = `ALLOW settings:objects:read WHERE settings:schemaId = "a";`
	a, b := statements("a", one), statements("b", `DENY hub:catalog:read;`)
	if revision(a, b) != revision(b, a, b) || revision(a) != revision(statements("a", one)) {
		t.Error("the same statements have two revisions")
	}
	seen := map[policyengine.Revision]string{revision(a): "the first"}
	for _, policy := range []string{
		` ` + one,
		`DENY settings:objects:read WHERE settings:schemaId = "a";`,
		`ALLOW settings:objects:write WHERE settings:schemaId = "a";`,
		`ALLOW settings:objects:read WHERE settings:scope = "a";`,
		`ALLOW settings:objects:read WHERE settings:schemaId != "a";`,
		`ALLOW settings:objects:read WHERE settings:schemaId = "A";`,
		`ALLOW settings:objects:read WHERE settings:schemaId IN ("a");`,
		`ALLOW settings:objects:read WHERE settings:schemaId IN ("a", "b");`,
		`ALLOW settings:objects:read WHERE settings:schemaId IN ("ab");`,
		`ALLOW settings:objects:read WHERE settings:schemaId = "a${global:userId}";`,
		`ALLOW settings:objects:read WHERE settings:schemaId = "auserId";`,
		`ALLOW settings:objects:read;`,
	} {
		r := revision(statements("a", policy))
		if other, ok := seen[r]; ok {
			t.Errorf("%s has the revision of %s", policy, other)
		}
		seen[r] = policy
	}
	if _, ok := seen[revision(statements("c", one))]; ok {
		t.Error("policies of two names share a revision")
	}
}
