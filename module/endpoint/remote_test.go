package endpoint

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/remote"
)

const everyRemote = `
catalog: shop
aliases: [{ prefix: /v1, for: /orders }]
remote:
  - { methods: [GET], path: /orders/secret/**, class: certificates }
  - { methods: [PUT], path: "/orders/*", when: { shop:kind: [gift, loan], shop:area: north }, needs: [env.read, capture.write] }
  - { methods: [GET, PUT], path: "/orders/{id}", needs: logs.read }
  - { path: "/orders/*:cancel", needs: sensitive.read, masked: [/id, "/items/*/id", "/state/**"] }
  - { path: /**, needs: [env.read] }
endpoints:
  - endpoint: PUT /orders/{id}
    any_token: true
    permission: shop:orders:write
    attributes: { shop:kind: { query: kind }, shop:area: { query: area } }
  - { endpoint: "GET /orders/secret/{key}", any_token: true }
  - { endpoint: "POST /orders/{id}:cancel", any_token: true }
  - { endpoint: GET /, any_token: true }
  - { endpoint: GET /own/1, any_token: true, remote: asking }
  - { endpoint: GET /own/2, any_token: true, remote: [env.read, sensitive.read], masked: [/id] }
  - endpoint: GET /own/3
    any_token: true
    permission: shop:orders:read
    attributes: { shop:kind: { query: kind } }
    remote: [{ when: { shop:kind: gift }, class: credentials }, { needs: env.read }]
`

// TestRemoteLines: the list decides for rows that say nothing, line by line until one holds always; an alias has what its
// row has.
func TestRemoteLines(t *testing.T) {
	c, err := Parse("shop.yaml", []byte(everyRemote))
	if err != nil {
		t.Fatal(err)
	}
	checkPrints(t, c)
	got := map[string]string{}
	for _, row := range mustBuild(t, c.Layer()).All() {
		got[row.Pattern] = fmt.Sprintf("%s %v", rulesOf(row), row.Masked)
	}
	const put = "[env.read, capture.write if shop:area=[north] shop:kind=[gift loan]; logs.read] []"
	want := map[string]string{
		"PUT /orders/{id}": put, "PUT /v1/{id}": put,
		"GET /orders/secret/{key}": "[certificates] []", "GET /v1/secret/{key}": "[certificates] []",
		"POST /orders/{id}:cancel": "[sensitive.read] [/id /items/*/id /state/**]",
		"POST /v1/{id}:cancel":     "[sensitive.read] [/id /items/*/id /state/**]",
		"GET /":                    "[env.read] []",
		"GET /own/1":               "[asking] []",
		"GET /own/2":               "[env.read, sensitive.read] [/id]",
		"GET /own/3":               "[credentials if shop:kind=[gift]; env.read] []",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

// rulesOf writes the rules of a row in one line.
func rulesOf(row *Endpoint) string {
	text := "["
	for i, rule := range row.Remote {
		if i > 0 {
			text += "; "
		}
		text += answerOf(rule)
		for i, c := range rule.When {
			text += map[bool]string{true: " if", false: ""}[i == 0] + fmt.Sprintf(" %s=%v", c.Attribute, c.Values)
		}
	}
	return text + "]"
}

// answerOf is what a rule asks for, in the words of a catalogue.
func answerOf(rule RemoteRule) string {
	switch rule.Class {
	case remote.Unmapped:
		return "unmapped"
	case remote.Ordinary:
		return rule.Needs.String()
	}
	return rule.Class.String()
}

// A list holds for the layer that has it, and a row that says something itself takes nothing from it.
func TestRemoteOfALayer(t *testing.T) {
	layers := layersOf(t, `
catalog: one
remote: [{ path: /a, needs: env.read }]
endpoints: [{ endpoint: GET /a, public: true }, { endpoint: PUT /a, public: true, remote: certificates }]`, `
catalog: two
endpoints: [{ endpoint: GET /a, public: true }]`)
	rules := func(layers ...Layer) (got []string) {
		for _, row := range mustBuild(t, layers...).All() {
			got = append(got, row.Method+rulesOf(row))
		}
		return got
	}
	if diff := cmp.Diff([]string{"GET[env.read]", "PUT[certificates]"}, rules(layers[0])); diff != "" {
		t.Errorf("one layer (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"GET[]", "PUT[certificates]"}, rules(layers...)); diff != "" {
		t.Errorf("a row replaced (-want +got):\n%s", diff)
	}
}

// Build checks what did not come from a file as Parse does.
func TestRemoteOfBuild(t *testing.T) {
	layer := Layer{Name: "own", Rows: publicRows(t, "GET /a"), Remote: []RemoteLine{
		{Path: "/b", RemoteRule: RemoteRule{Class: remote.Certificates}},
		{Path: "/a", RemoteRule: RemoteRule{Class: remote.Ordinary}},
		{Path: "/a", RemoteRule: RemoteRule{}},
	}}
	_, err := Build(layer)
	want := "own: remote: expected permissions, or a class that needs none\nown: remote: there is no class Class(0)\n" +
		"own: remote: /b is the path of no row"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRemoteCandidates(t *testing.T) {
	when := func(class remote.Class, values ...string) RemoteRule {
		return RemoteRule{When: []RemoteCondition{{Attribute: "a:b", Values: values}}, Class: class}
	}
	always := RemoteRule{Class: remote.Ordinary, Needs: remote.EnvRead}
	chain := []RemoteRule{when(remote.AuditControl, "audit"), when(remote.Credentials, "key", "lock"), always}
	for _, test := range []struct {
		name   string
		rules  []RemoteRule
		values []string // nil: not known
		want   []RemoteRule
	}{
		{"nothing is said", nil, nil, []RemoteRule{{}}},
		{"one rule", []RemoteRule{always}, nil, []RemoteRule{always}},
		{"the first", chain, []string{"audit"}, chain[:1]},
		{"the second", chain, []string{"lock"}, chain[1:2]},
		{"all values fit", chain, []string{"lock", "key"}, chain[1:2]},
		{"none", chain, []string{"other"}, chain[2:]},
		{"not known", chain, nil, chain},
		{"some values fit", chain, []string{"lock", "other"}, chain[1:]},
		{"another case", chain, []string{"Audit"}, []RemoteRule{chain[0], chain[2]}},
		{"no end", chain[:1], []string{"other"}, []RemoteRule{{}}},
	} {
		row := Endpoint{Remote: test.rules}
		got := row.RemoteCandidates(func(string) ([]string, bool) { return test.values, test.values != nil })
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// Attack: a request hides what it is about, by a value that the gate cannot read, and is judged by a milder rule than the one
// that guards the thing. Fix: what is not known may fit. Invariant: the rule that decides when all is known is a candidate
// however much of it is hidden.
func TestHidingNeverHelps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"a", "b", "c"})
		attribute := rapid.SampledFrom([]string{"x:1", "x:2", "x:3"})
		var row Endpoint
		for i := range rapid.IntRange(0, 5).Draw(t, "rules") {
			rule := RemoteRule{Class: remote.Ordinary, Needs: remote.Permissions(1 << i)}
			for range rapid.IntRange(1, 3).Draw(t, "conditions") {
				c := RemoteCondition{Attribute: attribute.Draw(t, "attribute"), Values: rapid.SliceOfN(word, 1, 2).Draw(t, "values")}
				rule.When = append(rule.When, c)
			}
			row.Remote = append(row.Remote, rule)
		}
		row.Remote = append(row.Remote, RemoteRule{Class: remote.Ordinary, Needs: remote.SecurityRead})
		values := map[string][]string{}
		for _, name := range []string{"x:1", "x:2", "x:3"} {
			values[name] = []string{word.Draw(t, name)}
		}
		whole := row.RemoteCandidates(func(name string) ([]string, bool) { return values[name], true })
		if len(whole) != 1 {
			t.Fatalf("%d candidates although all is known", len(whole))
		}
		delete(values, attribute.Draw(t, "hidden"))
		delete(values, attribute.Draw(t, "hidden too"))
		part := row.RemoteCandidates(func(name string) ([]string, bool) { v, known := values[name]; return v, known })
		if !slices.ContainsFunc(part, func(r RemoteRule) bool { return r.Needs == whole[0].Needs }) {
			t.Fatalf("%v decides, and is no candidate when %v is all that is known", whole[0], values)
		}
	})
}

func TestRemoteCandidatesAllocateNothing(t *testing.T) {
	row := Endpoint{Remote: []RemoteRule{{Class: remote.Ordinary, Needs: remote.EnvRead}}}
	value := func(string) ([]string, bool) { return nil, false }
	if n := testing.AllocsPerRun(100, func() { _ = row.RemoteCandidates(value) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestParseRemote(t *testing.T) {
	const known = " (permissions: env.read, settings.write, agent.download, cluster.write, logs.read, capture.write, sensitive.read, " +
		"agent.debug, diag.exec, replay.masked, replay.unmasked, security.write, security.read; " +
		"classes: certificates, credentials, token-minting, remote-control, audit-control, asking)"
	for _, test := range []struct {
		words []string
		want  string
	}{
		{[]string{"env.read"}, "env.read"},
		{[]string{"diag.exec", "cluster.write"}, "cluster.write, diag.exec"},
		{[]string{"asking"}, "asking"},
		{nil, "expected permissions or a class" + known},
		{[]string{"ordinary"}, `there is no "ordinary"` + known},
		{[]string{"env.reed"}, `there is no "env.reed"; did you mean "env.read"?` + known},
		{[]string{"env.read", "asking"}, "asking is a class, which no permission opens; expected it alone"},
		{[]string{"asking", "asking"}, "asking is a class, which no permission opens; expected it alone"},
		{[]string{"env.read", "env.read"}, `"env.read" occurs twice`},
	} {
		rule, err := ParseRemote(test.words)
		got := answerOf(rule)
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.words, diff)
		}
	}
}
