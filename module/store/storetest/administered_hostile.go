package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/doorward/doorward/policyengine/pap"
)

// testAdministeredHostile is testHostile for everything that is administered.
func testAdministeredHostile(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	texts := []string{
		`'; DROP TABLE policies; --`, `" OR ""="`, `%`, `_`, `\`, `*`, `?1 $1 :id @id`, "a\nb\r\tc", `{"a":["b"]}`, `null`, ` `, `[]`,
		`{}`, "\u202etxt.exe", "é", "e\u0301", "\U0001F6AA", "\uFEFF", "\u2028", "<&>", strings.Repeat("ñ'", 5_000),
	}
	for _, text := range texts {
		pairs := map[string]string{text: text, text + "2": ""}
		level := pap.EnvironmentLevel(text)
		p := pap.Policy{UUID: text, Level: level, Name: text, Description: text, Tags: []string{text, text}, Statement: text, Created: epoch}
		b := pap.Boundary{UUID: text, AccountID: text, Name: text, Query: text, Metadata: pairs, Created: epoch}
		g := pap.Group{
			UUID: text, AccountID: text, Name: text, Description: text, FederatedValues: []string{text}, Owner: pap.Owner(text), Created: epoch,
			Permissions: []pap.GroupPermission{{Name: text, Scope: text, ScopeType: text, Created: epoch}},
		}
		u := pap.User{ID: text, AccountID: text, Email: text, Name: text, Description: text, Created: epoch}
		bound := pap.Binding{
			ID: text, Level: level, PolicyUUID: text, GroupUUID: text, Parameters: pairs, Metadata: pairs, Boundaries: []string{text},
			Created: epoch,
		}
		mustPut(t, s, p, b, g, u, bound)
		setGroups(t, s, text, text)
		what := fmt.Sprintf("%.40q", text)
		same(t, "Policies "+what, []pap.Policy{p})(s.Policies(ctx, pap.PolicyQuery{Level: level, Name: text}))
		same(t, "Boundaries "+what, []pap.Boundary{b})(s.Boundaries(ctx, pap.BoundaryQuery{AccountID: text, Name: text}))
		same(t, "Groups "+what, []pap.Group{g})(s.Groups(ctx, pap.GroupQuery{AccountID: text, Name: text}))
		same(t, "Users "+what, []pap.User{u})(s.Users(ctx, pap.UserQuery{AccountID: text, Group: text}))
		same(t, "UserByEmail "+what, u)(s.UserByEmail(ctx, text))
		same(t, "GroupsOf "+what, []string{text})(s.GroupsOf(ctx, text))
		same(t, "Bindings "+what, []pap.Binding{bound})(s.Bindings(ctx, pap.BindingQuery{Level: level, PolicyUUID: text, GroupUUID: text}, pap.Page{}))
		same(t, "Assigned "+what, pap.Assignment{
			Bindings: []pap.Binding{bound}, Policies: map[string]pap.Policy{text: p}, Boundaries: map[string]pap.Boundary{text: b},
		})(s.Assigned(ctx, []string{text}, text, text))
	}
}

// testAdministeredPaging walks through each listing in pages while things come and go behind the reader.
func testAdministeredPaging(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	const all = 7
	mustPut(t, s, policy(999), group(999))
	for n := range all {
		b := binding(n, policy(999).UUID, group(999).UUID)
		b.Parameters = map[string]string{"n": fmt.Sprint(n)}
		mustPut(t, s, policy(n), boundary(n), group(n), user(n), b)
	}
	listings := map[string]func(pap.Page) ([]string, error){
		"policy": func(p pap.Page) ([]string, error) {
			page, err := s.Policies(ctx, pap.PolicyQuery{Page: p})
			return identifiers(page, func(p pap.Policy) string { return p.UUID }), err
		},
		"boundary": func(p pap.Page) ([]string, error) {
			page, err := s.Boundaries(ctx, pap.BoundaryQuery{Page: p})
			return identifiers(page, func(b pap.Boundary) string { return b.UUID }), err
		},
		"group": func(p pap.Page) ([]string, error) {
			page, err := s.Groups(ctx, pap.GroupQuery{Page: p})
			return identifiers(page, func(g pap.Group) string { return g.UUID }), err
		},
		"user": func(p pap.Page) ([]string, error) {
			page, err := s.Users(ctx, pap.UserQuery{Page: p})
			return identifiers(page, func(u pap.User) string { return u.ID }), err
		},
		"binding": func(p pap.Page) ([]string, error) {
			page, err := s.Bindings(ctx, pap.BindingQuery{}, p)
			return identifiers(page, func(b pap.Binding) string { return b.ID }), err
		},
	}
	for kind, listing := range listings {
		want := []string{}
		for n := range all {
			want = append(want, fmt.Sprintf("%s-%03d", kind, n))
		}
		same(t, kind+": pages", want)(pages(listing, all))
		for _, limit := range []int{-1, 10_001} {
			_, err := listing(pap.Page{Limit: limit})
			wantInvalid(t, fmt.Sprintf("%s: limit %d", kind, limit), err)
		}
		same(t, kind+": after one that is gone", want[4:5])(listing(pap.Page{After: want[3] + "gone", Limit: 1}))
	}
}

// pages reads a listing three by three; what sorts behind the first most is left out.
func pages(listing func(pap.Page) ([]string, error), most int) ([]string, error) {
	var all []string
	page := pap.Page{Limit: 3}
	for {
		some, err := listing(page)
		if err != nil || len(some) > page.Limit {
			return nil, fmt.Errorf("%d of %d: %w", len(some), page.Limit, err)
		}
		all = append(all, some...)
		if len(some) == 0 {
			return all[:min(len(all), most)], nil
		}
		page.After = some[len(some)-1]
	}
}

func identifiers[T any](records []T, id func(T) string) []string {
	list := []string{}
	for _, r := range records {
		list = append(list, id(r))
	}
	return list
}
