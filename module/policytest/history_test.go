package policytest_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// TestHistory lives random histories with one gate: tokens, policies, boundaries, bindings and members come and go, and
// requests are sent in between. The oracle reads the store and decides with the reference evaluator; it has no cache.
//
// Attack: any order of changes after which a cache of the gate answers for what is gone: a verified token, a user's
// groups, a compiled set, a decision, or a mixture of them that was never in force. Fix: every cache follows the store.
// Invariant: once the gate has followed, each answer is the oracle's; before that, each answer is that of tokens, groups and
// policies as they were at moments after the last time it had followed.
func TestHistory(t *testing.T) {
	budget := 10 * time.Second
	if os.Getenv("DOORWARD_LONG") != "" {
		budget = 5 * time.Minute
	}
	o := newOffice(t)
	g := o.start(scene{})
	o.Administration = g.Administration() // knows the scopes of the catalogue
	t.Cleanup(func() { _ = o.Close() })
	seen := &tally{statuses: map[int]int{}}
	marker := newMarker(o, newClient(t, g.Addr, 1))
	began, failed := time.Now(), false
	rounds := 0
	over := func() bool { // a slow machine gets more time to show something, within a bound
		spent := time.Since(began)
		return spent > budget && seen.isEnough() || spent > 6*budget
	}
	for !over() && !failed {
		rapid.Check(t, func(rt *rapid.T) {
			// A failure is run again and again to make it smaller, whatever the time.
			if over() && !failed {
				return
			}
			defer func() { failed = failed || rt.Failed() }()
			rounds++
			newHistory(rt, o, marker, seen, rounds).live(rt)
		})
	}
	t.Logf("%d histories, %d times followed in at most %v, %d answers while following, by status %v",
		rounds, seen.follows, seen.slowest, seen.early, seen.statuses)
	if !failed && !seen.isEnough() {
		t.Error("too little has happened for this to show anything")
	}
}

// tally counts, so that a test that asks nothing fails.
type tally struct {
	follows, early int
	slowest        time.Duration
	statuses       map[int]int
}

// isEnough reports whether so much was seen that the test shows something.
func (s *tally) isEnough() bool { return s.follows >= 5 && s.early >= 20 && len(s.statuses) >= 3 }

// history is one random history: its own users, groups and policies, in a store that others have used before.
type history struct {
	office
	marker *marker
	seen   *tally
	name   string

	users    []string
	groups   []string
	tokens   []issued
	policies []string
	written  int      // policies and boundaries so far, for their names
	limits   []string // boundaries
	now      moment
	before   []moment // the moments since the gate is known to have followed, the last one excluded
}

// issued is a token that the history has handed out, whatever became of it.
type issued struct{ id, text, user string }

func newHistory(t *rapid.T, o office, m *marker, seen *tally, number int) *history {
	h := &history{office: o, marker: m, seen: seen, name: fmt.Sprintf("h%d", number)}
	for _, name := range []string{"ann", "bob"} {
		h.users = append(h.users, name+"@"+h.name+".example.org")
	}
	for i := range 3 {
		h.groups = append(h.groups, h.group(fmt.Sprintf("%s-%d", h.name, i), h.users[:min(i, 2)]...))
	}
	for range 3 {
		h.issue(t)
		h.create(t)
	}
	for range 3 {
		h.bind(t)
	}
	h.now = h.look()
	return h
}

// live is the history. The gate knows nothing of its beginning either, so it ends and begins with following.
func (h *history) live(t *rapid.T) {
	defer h.tidy()
	h.follow(t)
	change := func(do func(*rapid.T)) func(*rapid.T) {
		return func(t *rapid.T) {
			do(t)
			h.before = append(h.before, h.now)
			h.now = h.look()
		}
	}
	t.Repeat(map[string]func(*rapid.T){
		"issue": change(h.issue), "disable": change(h.enable(false)), "enable": change(h.enable(true)), "revoke": change(h.revoke),
		"create": change(h.create), "edit": change(h.edit), "delete": change(h.remove), "limit": change(h.limit),
		"bind": change(h.bind), "bind again": change(h.bind), "unbind": change(h.unbind),
		"join": change(h.join), "leave": change(h.leave),
		"ask": h.ask, "ask more": h.ask, "ask even more": h.ask, "follow": h.follow,
	})
	h.follow(t)
	h.ask(t)
}

// follow waits until the gate has followed: it acts by a policy that is newer than everything so far, and has heard of
// the end of a token that came last.
func (h *history) follow(t *rapid.T) {
	took, err := h.marker.pass()
	if err != nil {
		t.Fatal(err)
	}
	h.seen.follows++
	h.seen.slowest = max(h.seen.slowest, took)
	h.before = nil
}

// ask sends some requests and compares the answers.
func (h *history) ask(t *rapid.T) {
	for range 5 {
		h.askOnce(t)
	}
}

func (h *history) askOnce(t *rapid.T) {
	r := asking{
		token:  h.drawnToken(t),
		method: rapid.SampledFrom([]string{http.MethodGet, http.MethodPost}).Draw(t, "method"),
		schema: rapid.SliceOfNDistinct(rapid.SampledFrom(schemas), 0, 3, rapid.ID).Draw(t, "schemas"),
		scope:  rapid.SampledFrom([]string{"", "s", "t"}).Draw(t, "scope"),
	}
	possible := h.possible(r)
	a, err := h.marker.client.ask(r.method, r.target(), r.token.text, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.seen.statuses[a.status]++
	if len(h.before) > 0 {
		h.seen.early++
	}
	if !slices.Contains(possible, a.status) {
		t.Fatalf("%s %s by %s: %d %s, want one of %v after %d changes that the gate may not know\n%s",
			r.method, r.target(), r.token.user, a.status, a.body, possible, len(h.before), h.now.describe())
	}
}

// drawnToken is mostly one that is good.
func (h *history) drawnToken(t *rapid.T) issued {
	good := slices.DeleteFunc(slices.Clone(h.tokens), func(token issued) bool { return h.now.tokens[token.id] == nil })
	if len(good) > 0 && rapid.IntRange(0, 4).Draw(t, "good") > 0 {
		return rapid.SampledFrom(good).Draw(t, "token")
	}
	return rapid.SampledFrom(h.tokens).Draw(t, "any token")
}

func (h *history) issue(t *rapid.T) {
	owner := rapid.SampledFrom(h.users).Draw(t, "owner")
	scopes := rapid.SampledFrom([][]string{readAndWrite, readAndWrite, readAndWrite[:1]}).Draw(t, "scopes")
	attributes := personal(owner, scopes...)
	attributes.Name = h.name
	created, err := h.Tokens.Create(h.t.Context(), actor, tokens.CreateRequest{Attributes: attributes})
	h.must(err)
	h.tokens = append(h.tokens, issued{created.Record.ID, created.Secret.Reveal(), owner})
}

func (h *history) enable(enabled bool) func(*rapid.T) {
	return func(t *rapid.T) {
		if id, ok := h.existing(t); ok {
			h.must(h.Tokens.SetEnabled(h.t.Context(), actor, id, enabled))
		}
	}
}

func (h *history) revoke(t *rapid.T) {
	if id, ok := h.existing(t); ok {
		h.must(h.Tokens.Delete(h.t.Context(), actor, id))
	}
}

// existing draws a token that has not been deleted.
func (h *history) existing(t *rapid.T) (id string, ok bool) {
	var ids []string
	for _, token := range h.tokens {
		if _, ok := h.now.tokens[token.id]; ok {
			ids = append(ids, token.id)
		}
	}
	if len(ids) == 0 {
		return "", false
	}
	return rapid.SampledFrom(ids).Draw(t, "token"), true
}

func (h *history) create(t *rapid.T) {
	if len(h.policies) < 8 {
		h.written++
		h.policies = append(h.policies, h.policy(fmt.Sprintf("%s-%d", h.name, h.written), h.text(t)))
	}
}

func (h *history) edit(t *rapid.T) {
	if len(h.policies) > 0 {
		h.written++
		h.office.edit(rapid.SampledFrom(h.policies).Draw(t, "policy"), fmt.Sprintf("%s-%d", h.name, h.written), h.text(t))
	}
}

func (h *history) remove(t *rapid.T) {
	if len(h.policies) > 0 {
		i := rapid.IntRange(0, len(h.policies)-1).Draw(t, "policy")
		h.must(h.Policies.DeletePolicy(h.t.Context(), actor, pap.AccountLevel(account), h.policies[i], true))
		h.policies = slices.Delete(h.policies, i, i+1)
	}
}

// limit writes a boundary, or gives one another text.
func (h *history) limit(t *rapid.T) {
	h.written++
	a := pap.BoundaryAttributes{
		Name:  fmt.Sprintf("%s-%d", h.name, h.written),
		Query: rapid.SampledFrom([]string{`settings:schemaId = "a";`, `settings:schemaId startsWith "b"; settings:scope = "s";`}).Draw(t, "query"),
	}
	if len(h.limits) < 2 {
		made, _, err := h.Policies.CreateBoundary(h.t.Context(), actor, account, "", a)
		h.must(err)
		h.limits = append(h.limits, made.UUID)
		return
	}
	_, err := h.Policies.UpdateBoundary(h.t.Context(), actor, account, rapid.SampledFrom(h.limits).Draw(t, "boundary"), a)
	h.must(err)
}

func (h *history) bind(t *rapid.T) {
	if len(h.policies) == 0 {
		return
	}
	level := drawnLevel(t)
	r := pap.BindRequest{
		Level: level, Policy: rapid.SampledFrom(h.policies).Draw(t, "policy"),
		Groups: rapid.SliceOfNDistinct(rapid.SampledFrom(h.groups), 1, 2, rapid.ID).Draw(t, "groups"),
	}
	if len(h.limits) > 0 && rapid.IntRange(0, 2).Draw(t, "limited") == 0 {
		r.Boundaries = []string{rapid.SampledFrom(h.limits).Draw(t, "boundary")}
	}
	_, _, err := h.Policies.Bind(h.t.Context(), actor, r)
	h.unlessRefused(err)
}

func (h *history) unbind(t *rapid.T) {
	if len(h.policies) > 0 {
		_, err := h.Policies.Unbind(h.t.Context(), actor, pap.UnbindRequest{
			Level: drawnLevel(t), Policy: rapid.SampledFrom(h.policies).Draw(t, "policy"), Multiple: true,
		})
		h.unlessRefused(err)
	}
}

func (h *history) join(t *rapid.T)  { h.move(t, h.Policies.AddToGroups) }
func (h *history) leave(t *rapid.T) { h.move(t, h.Policies.RemoveFromGroups) }

// text draws a policy. Denials are rarer, so that something is left to ask about.
func (h *history) text(t *rapid.T) string {
	conditions := []string{
		"", "", ` WHERE settings:schemaId = "a"`, ` WHERE settings:schemaId != "a"`, ` WHERE settings:schemaId IN ("a", "b")`,
		` WHERE settings:schemaId startsWith "b"`, ` WHERE settings:scope = "s"`, ` WHERE settings:scope != "s"`,
		` WHERE global:userGroup = "` + h.groups[1] + `"`, ` WHERE settings:schemaId = "b" AND global:userId = "` + h.users[0] + `"`,
	}
	var b strings.Builder
	for range rapid.IntRange(1, 3).Draw(t, "statements") {
		b.WriteString(rapid.SampledFrom([]string{"ALLOW ", "ALLOW ", "ALLOW ", "DENY "}).Draw(t, "effect"))
		b.WriteString(rapid.SampledFrom([]string{readPermission, writePermission, readPermission + ", " + writePermission}).Draw(t, "permissions"))
		b.WriteString(rapid.SampledFrom(conditions).Draw(t, "condition") + ";\n")
	}
	return b.String()
}

func drawnLevel(t *rapid.T) pap.Level {
	return rapid.SampledFrom([]pap.Level{pap.AccountLevel(account), pap.EnvironmentLevel(environment), pap.EnvironmentLevel("other")}).Draw(t, "level")
}
