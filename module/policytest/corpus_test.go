package policytest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// corpus is the cases that the engine and the reference evaluator are held to; the format is described there.
const corpus = "../../policyengine/testdata/*.txtar"

// The corpus has this many questions at least, and of them so many at most cannot be asked over HTTP. See unsayable.
const (
	fewestQuestions = 100
	mostUnsayable   = 22
)

// user is who asks in the corpus, as far as a gateway can tell: by the address of the token's owner.
const user = "u@example.org"

// TestCorpus stores each case through the administration, starts a gate, and asks with a personal token. Status, reasons
// in the log and missing attributes in the refusal must be those that the corpus states.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob(corpus)
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	asked := 0
	var unsaid []string
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range readCases(t, archive) {
			sayable := slices.DeleteFunc(slices.Clone(c.questions), func(q question) bool {
				why := q.unsayable()
				if why != "" {
					unsaid = append(unsaid, fmt.Sprintf("%s: %s: %s", c.name, q.line, why))
				}
				return why != ""
			})
			asked += len(c.questions)
			if len(sayable) > 0 {
				t.Run(c.name, func(t *testing.T) { c.run(t, sayable) })
			}
		}
	}
	t.Logf("%d questions, %d of them not asked:\n%s", asked, len(unsaid), strings.Join(unsaid, "\n"))
	if asked < fewestQuestions || len(unsaid) > mostUnsayable {
		t.Errorf("%d questions and %d not asked; want at least %d and at most %d", asked, len(unsaid), fewestQuestions, mostUnsayable)
	}
}

// unsayable says why a question cannot be put to a gateway, "" for one that can.
func (q question) unsayable() string {
	if strings.Contains(q.line, " @") || strings.Contains(q.verdict, ", until ") {
		return "the gate's clock cannot be set"
	}
	for _, f := range q.facts {
		switch {
		case strings.HasPrefix(f.name, "global:"):
			return "no request says who it comes from"
		case f.known && len(f.values) == 0:
			return "a list without members looks like no list"
		case slices.ContainsFunc(f.values, func(v string) bool { return strings.ContainsFunc(v, unicode.IsControl) }):
			return "control characters are not readable in one way"
		}
	}
	return ""
}

func (c corpusCase) run(t *testing.T, questions []question) {
	o := newOffice(t)
	// Operators that the reference does not list are refused by default, and can be let in. What they decide is the same.
	o.Policies = pap.NewService(pap.ServiceConfig{Store: o.Store, Mask: tokens.Mask, Mode: catalog.Lenient})
	groups := []string{o.group("g1", user), o.group("g2", user)}
	own := strings.NewReplacer("g1", groups[0], "g2", groups[1], `global:userId = "u"`, `global:userId = "`+user+`"`, "user-u", "user-"+user)
	c.store(o, groups, own)

	var rows []row
	places := make([]int, len(questions))
	for i, q := range questions {
		r := q.row()
		places[i] = slices.IndexFunc(rows, func(other row) bool { return cmp.Equal(r, other, cmp.AllowUnexported(row{}, fact{})) })
		if places[i] < 0 {
			places[i] = len(rows)
			rows = append(rows, r)
		}
	}
	g := o.start(scene{catalog: writeCatalog(t, rows), level: "DEBUG"})
	_, token := g.Mint("", personal(user, "policytest.read"))
	caller := newClient(t, g.Addr, 1)

	var want, got []string
	var decisions []string
	for i, q := range questions {
		for j := range q.facts {
			for k, v := range q.facts[j].values {
				q.facts[j].values[k] = own.Replace(v)
			}
		}
		want = append(want, q.line+" -> "+expected(q.verdict))
		status, missing, decision := put(t, g, caller, rows[places[i]].path(places[i]), token, q.facts)
		got = append(got, fmt.Sprintf("%s -> %d", q.line, status)+missing)
		decisions = append(decisions, decision)
	}
	reasons := loggedReasons(t, g)
	for i, decision := range decisions {
		before, missing, _ := strings.Cut(got[i], ", missing ")
		got[i] = before + listed(" by ", reasons[decision]) + listed(", missing ", strings.Fields(missing))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// store keeps the policies of a case. Policies take turns in which group they are bound to, and whether in the account or
// in the environment only: to somebody in both groups it is all the same.
func (c corpusCase) store(o office, groups []string, own *strings.Replacer) {
	o.t.Helper()
	var boundaries []string
	for _, b := range c.boundaries {
		made, _, err := o.Policies.CreateBoundary(o.t.Context(), actor, account, "",
			pap.BoundaryAttributes{Name: b.Name, Query: own.Replace(string(b.Data))})
		o.must(err)
		boundaries = append(boundaries, made.UUID)
	}
	levels := []pap.Level{pap.AccountLevel(account), pap.EnvironmentLevel(environment)}
	for i, p := range c.policies {
		_, _, err := o.Policies.Bind(o.t.Context(), actor, pap.BindRequest{
			Level: levels[i%2], Policy: o.policy(p.Name, own.Replace(string(p.Data))), Groups: groups[i%2 : i%2+1],
			Terms: pap.Terms{Parameters: c.parameters, Boundaries: boundaries},
		})
		o.must(err)
	}
}

// row is the endpoint that a question goes to.
func (q question) row() row {
	r := row{permission: q.permission}
	for _, f := range q.facts {
		r.attributes = append(r.attributes, fact{name: f.name, list: f.list})
	}
	return r
}

// put asks one question: the status, the attributes that the refusal calls missing, and the decision's identifier, which
// a client reads in a refusal and the upstream in what it is sent.
func put(t *testing.T, g *moduletest.Gate, caller client, path, token string, facts []fact) (status int, missing, decision string) {
	t.Helper()
	query, header := request(facts)
	a, err := caller.ask(http.MethodPost, path+"?"+query.Encode(), token, header)
	if err != nil {
		t.Fatal(err)
	}
	seen := g.Upstream.Seen()
	if len(seen) > 1 || (len(seen) == 1) != (a.status == http.StatusOK) {
		t.Fatalf("%d %s, and the upstream saw %v", a.status, a.body, seen)
	}
	if _, after, found := strings.Cut(a.body, "(the request does not say "); found {
		after, _, _ = strings.Cut(after, ")")
		missing = ", missing " + strings.ReplaceAll(after, ",", "")
	}
	if len(seen) == 1 {
		return a.status, missing, seen[0].Header.Get("X-Doorward-Decision-Id")
	}
	return a.status, missing, a.decision
}

// loggedReasons reads the decisions in the log: by identifier, the statements that decided.
func loggedReasons(t *testing.T, g *moduletest.Gate) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for line := range strings.Lines(g.Logs()) {
		var entry struct {
			ID      string   `json:"decision_id"`
			Reasons []string `json:"policy_reasons"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("the log has the line %s: %v", line, err)
		}
		if entry.ID == "" {
			continue
		}
		slices.Sort(entry.Reasons)
		found[entry.ID] = slices.Compact(entry.Reasons)
	}
	return found
}

func listed(word string, items []string) string {
	if len(items) == 0 {
		return ""
	}
	return word + strings.Join(items, " ")
}

// expected is a verdict of the corpus as a gateway shows it: `ALLOW p#0@1:1/b1 (note)` is 200 by "ALLOW p:1:1". Which
// statement of the policy it is follows from its place; boundaries and notes are not in the log.
func expected(verdict string) string {
	verdict, missing, _ := strings.Cut(verdict, ", missing ")
	verdict, _, _ = strings.Cut(verdict, " (")
	effect, places, _ := strings.Cut(verdict, " ")
	status := map[string]int{"ALLOW": http.StatusOK, "DENY": http.StatusForbidden}[effect]
	var reasons []string
	for place := range strings.FieldsSeq(places) {
		name, at, is := strings.Cut(place, "#")
		if !is { // "by default"
			continue
		}
		_, at, _ = strings.Cut(at, "@")
		at, _, _ = strings.Cut(at, "/")
		reasons = append(reasons, effect+" "+name+":"+at)
	}
	slices.Sort(reasons)
	return strconv.Itoa(status) + listed(" by ", slices.Compact(reasons)) + listed(", missing ", strings.Fields(missing))
}
