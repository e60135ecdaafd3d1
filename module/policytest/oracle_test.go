package policytest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/refeval"
	"github.com/doorward/doorward/tokens"
)

const (
	readPermission  = "settings:objects:read"
	writePermission = "settings:objects:write"
)

// schemas are what requests ask about; the last one is in no policy.
var schemas = []string{"a", "b", "bb", "c"}

// moment is all that a decision depends on, as the store had it.
type moment struct {
	tokens  map[string][]string // scopes, by the identifiers of tokens that are enabled; nil for those that are not
	groups  map[string][]string // by user
	granted []pap.Granted
}

// look reads the store.
func (h *history) look() moment {
	m := moment{tokens: map[string][]string{}, groups: map[string][]string{}}
	for _, token := range h.tokens {
		record, err := h.Tokens.Show(h.t.Context(), token.id)
		switch {
		case err == nil && record.Enabled:
			m.tokens[token.id] = record.Scopes
		case err == nil:
			m.tokens[token.id] = nil
		case fault.KindOf(err) != fault.NotFound:
			h.must(err)
		}
	}
	for _, user := range h.users {
		groups, err := h.Policies.GroupsOf(h.t.Context(), user)
		h.must(err)
		m.groups[user] = groups
	}
	var err error
	m.granted, err = h.Policies.Everything(h.t.Context())
	h.must(err)
	return m
}

// asking is a request.
type asking struct {
	token  issued
	method string
	schema []string // none: the request does not say
	scope  string   // "": the request does not say
}

func (r asking) target() string {
	query := url.Values{}
	if len(r.schema) > 0 {
		query.Set("schema", strings.Join(r.schema, ","))
	}
	if r.scope != "" {
		query.Set("scope", r.scope)
	}
	return "/settings?" + query.Encode()
}

// possible are the right answers. The gate's caches of tokens, of groups and of policies follow one by one, so each may
// be at another moment.
func (h *history) possible(r asking) []int {
	var statuses []int
	moments := append(slices.Clone(h.before), h.now)
	for _, verified := range moments {
		for _, joined := range moments {
			for _, published := range moments {
				status := r.decide(verified.tokens[r.token.id], joined.groups[r.token.user], published.granted)
				if !slices.Contains(statuses, status) {
					statuses = append(statuses, status)
				}
			}
		}
	}
	slices.Sort(statuses)
	return statuses
}

// decide is the way of the request without a gate: token, scope, then every thing that the request touches.
func (r asking) decide(scopes, groups []string, granted []pap.Granted) int {
	needed, permission := readAndWrite[0], readPermission
	if r.method == http.MethodPost {
		needed, permission = readAndWrite[1], writePermission
	}
	switch {
	case scopes == nil:
		return http.StatusUnauthorized
	case !slices.Contains(scopes, needed):
		return http.StatusForbidden
	}
	var statements []*bind.Statement
	for _, g := range granted {
		here := g.Level == pap.AccountLevel(account) || g.Level == pap.EnvironmentLevel(environment)
		if here && slices.Contains(groups, g.Group) {
			statements = append(statements, g.Statements...)
		}
	}
	for _, facts := range r.facts(groups) {
		if !refeval.Decide(statements, permission, facts).Granted() {
			return http.StatusForbidden
		}
	}
	return http.StatusOK
}

// facts are those of each thing that the request touches.
func (r asking) facts(groups []string) []refeval.Facts {
	things := r.schema
	if len(things) == 0 {
		things = []string{""}
	}
	var all []refeval.Facts
	for _, schema := range things {
		_, domain, _ := strings.Cut(r.token.user, "@")
		known := map[string]refeval.Attribute{"global:userGroup": {Values: groups, List: true}}
		for name, value := range map[string]string{
			"global:userId": r.token.user, "global:usernameDomain": domain, "global:environmentId": environment,
			"settings:schemaId": schema, "settings:scope": r.scope,
		} {
			if value != "" {
				known[name] = refeval.Attribute{Values: []string{value}}
			}
		}
		all = append(all, refeval.Facts{Attributes: known, Now: time.Now()})
	}
	return all
}

func (m moment) describe() string {
	var b strings.Builder
	for user, groups := range m.groups {
		fmt.Fprintf(&b, "%s is in %v\n", user, groups)
	}
	for _, g := range m.granted {
		for _, s := range g.Statements {
			fmt.Fprintf(&b, "%s at %s %s: %s\n", g.Group, g.Level.Type, g.Level.ID, s)
		}
	}
	return b.String()
}

// unlessRefused accepts that a change is refused, such as a binding that exists already. Only a fault of the store is one.
func (o office) unlessRefused(err error) {
	o.t.Helper()
	if kind := fault.KindOf(err); err != nil && (kind == fault.Internal || kind == fault.Unavailable) {
		o.t.Fatal(err)
	}
}

// move adds a user to a group or takes the user out.
func (h *history) move(t *rapid.T, do func(ctx context.Context, actor, account, who string, groups []string) error) {
	user := rapid.SampledFrom(h.users).Draw(t, "user")
	h.must(do(h.t.Context(), actor, account, user, []string{rapid.SampledFrom(h.groups).Draw(t, "group")}))
}

// tidy takes away what counts against the limits of the account.
func (h *history) tidy() {
	for _, group := range h.groups {
		h.must(h.Policies.DeleteGroup(h.t.Context(), actor, account, group))
	}
	for _, policy := range h.policies {
		h.must(h.Policies.DeletePolicy(h.t.Context(), actor, pap.AccountLevel(account), policy, true))
	}
}

// marker tells when a gate has followed, as it can be seen from outside.
type marker struct {
	office
	client client
	policy string
	token  string // of somebody to whom only the policy is bound
	passed int
}

const markerUser = "marker@example.org"

func newMarker(o office, c client) *marker {
	m := &marker{office: o, client: c}
	m.policy = o.policy("marker", m.text())
	o.bind(m.policy, o.group("marker", markerUser))
	_, m.token = m.mint()
	return m
}

// text opens a schema that no earlier text has opened.
func (m *marker) text() string {
	return fmt.Sprintf(`ALLOW settings:objects:read WHERE settings:schemaId = "marker-%d";`, m.passed)
}

func (m *marker) mint() (id, text string) {
	attributes := personal(markerUser, readAndWrite...)
	attributes.Name = "marker"
	created, err := m.Tokens.Create(m.t.Context(), actor, tokens.CreateRequest{Attributes: attributes})
	m.must(err)
	return created.Record.ID, created.Secret.Reveal()
}

// pass waits until everything committed before it is in force. That the gate acts by the marker's newest policy shows that
// the policies were read after all changes. That it refuses a token which it had in memory shows that it has heard of
// everything before the token's end: a memory ends by that news, or by an age that it does not reach here.
func (m *marker) pass() (took time.Duration, err error) {
	m.passed++
	target := fmt.Sprintf("/settings?schema=marker-%d", m.passed)
	id, short := m.mint()
	if _, err := m.client.until(http.StatusForbidden, http.MethodGet, target, short); err != nil {
		return 0, err
	}
	m.edit(m.policy, "marker", m.text())
	m.must(m.Tokens.Delete(m.t.Context(), actor, id))
	committed := time.Now()
	if _, err := m.client.until(http.StatusOK, http.MethodGet, target, m.token); err != nil {
		return 0, err
	}
	last, err := m.client.until(http.StatusUnauthorized, http.MethodGet, target, short)
	return last.Sub(committed), err
}
