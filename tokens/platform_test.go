package tokens_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

// platformRequest asks for a platform token of ann's.
func platformRequest(edit func(*tokens.CreateRequest)) tokens.CreateRequest {
	request := tokens.CreateRequest{Prefix: tokens.KindPlatform, Attributes: tokens.Attributes{
		Name: "dashboards", Owner: "ann", Environment: "prod", Scopes: []string{"storage:logs:read"},
	}}
	if edit != nil {
		edit(&request)
	}
	return request
}

func TestCreatePlatform(t *testing.T) {
	o := newOffice(t, nil)
	created, err := o.Create(t.Context(), "cli:root", platformRequest(func(r *tokens.CreateRequest) {
		r.Name, r.Environments = strings.Repeat("é", 255), []string{"test", "prod", "dev", "test"}
	}))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := o.Show(t.Context(), created.Record.ID)
	if diff := cmp.Diff([]string{"dev", "test"}, stored.Environments); err != nil || diff != "" || stored.Environment != "prod" {
		t.Errorf("%v, environment %s and (-want +got):\n%s", err, stored.Environment, diff)
	}
	if diff := cmp.Diff([]string{"dev", "prod", "test"}, tokens.EnvironmentsOf(stored)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if detail := o.store.Events()[0].Detail; !strings.Contains(detail, `"environment":"prod","furtherEnvironments":["dev","test"]`) {
		t.Error(detail)
	}
}

func TestCreatePlatformRefuses(t *testing.T) {
	many := make([]string, 20)
	for i := range many {
		many[i] = fmt.Sprint("e", i)
	}
	for name, test := range map[string]struct {
		edit func(*tokens.CreateRequest)
		part string
	}{
		"nobody to act for":      {func(r *tokens.CreateRequest) { r.Owner = "" }, "owner"},
		"longer name":            {func(r *tokens.CreateRequest) { r.Name = strings.Repeat("x", 256) }, "name"},
		"administrator":          {func(r *tokens.CreateRequest) { r.Administrator = true }, "administrator"},
		"cluster":                {func(r *tokens.CreateRequest) { r.Cluster = true }, "cluster"},
		"no environment":         {func(r *tokens.CreateRequest) { r.Environment = "" }, "environment"},
		"bad environment":        {func(r *tokens.CreateRequest) { r.Environments = []string{"*"} }, "environments"},
		"no environment, others": {func(r *tokens.CreateRequest) { r.Environment, r.Environments = "", []string{"test"} }, "environments"},
		"many environments":      {func(r *tokens.CreateRequest) { r.Environments = many }, "environments"},
		"access token": {func(r *tokens.CreateRequest) {
			r.Prefix, r.Scopes, r.Environments = "", []string{"orders.read"}, []string{"test"}
		}, "environments"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, nil)
			_, err := o.Create(t.Context(), "cli:root", platformRequest(test.edit))
			if diff := cmp.Diff([]string{test.part}, partNames(err)); diff != "" || len(o.store.Events()) > 0 {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// Attack: the limit of tokens is a limit of what a thief can hide among; somebody asks for many at the same time, so that all
// requests count the tokens before any of them adds one, or brings tokens in instead of having them made. Fix: counted where
// the token is added, in its transaction, whichever way it comes. Invariant: never more than ten of one user, and the tokens of
// others and of other kinds do not count.
func TestPlatformLimit(t *testing.T) {
	o := newOffice(t, func(c *tokens.ServiceConfig) { c.OnChange = nil })
	for range 12 {
		if _, err := o.Create(t.Context(), "cli:root", tokens.CreateRequest{Attributes: attributes()}); err != nil {
			t.Fatal(err)
		}
	}
	var asking sync.WaitGroup
	var counting sync.Mutex
	made, full := 0, 0
	for i := range 40 {
		asking.Go(func() {
			_, err := o.Create(t.Context(), "cli:root", platformRequest(func(r *tokens.CreateRequest) {
				r.Owner, r.Environment, r.Disabled = "alice", fmt.Sprint("e", i%3), i%2 == 0
			}))
			counting.Lock()
			defer counting.Unlock()
			switch {
			case err == nil:
				made++
			case fault.KindOf(err) == fault.Invalid && strings.Contains(fault.Public(err), "has 10 platform tokens"):
				full++
			default:
				t.Error(err)
			}
		})
	}
	asking.Wait()
	if made != tokens.MaxPlatformTokens || full != 30 {
		t.Errorf("%d made, %d refused", made, full)
	}
	brought := tokens.ImportRequest{Attributes: platformRequest(nil).Attributes, Text: tokens.NewSecret("dt0s16." + public24 + "." + secret64)}
	brought.Owner = "alice"
	if _, err := o.Import(t.Context(), "cli:root", brought); fault.KindOf(err) != fault.Invalid {
		t.Errorf("import past the limit: %v", err)
	}
	if _, err := o.Create(t.Context(), "cli:root", platformRequest(nil)); err != nil {
		t.Errorf("another user: %v", err)
	}
	page, err := o.List(t.Context(), tokens.Query{Kind: tokens.KindPlatform, Owner: "alice", Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Delete(t.Context(), "cli:root", page[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Import(t.Context(), "cli:root", brought); err != nil {
		t.Errorf("after one was deleted: %v", err)
	}
}

// Invariant: a platform token opens exactly the environments that it names, at the gate and for a response that goes on.
func TestPlatformEnvironments(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	minted := g.issue(t, tokens.KindPlatform, func(r *tokens.Record) { r.Environments = []string{"dev", "test"} })
	for environment, want := range map[string]tokens.Refusal{
		"prod": "", "dev": "", "test": "", "te": tokens.WrongEnvironment, "Test": tokens.WrongEnvironment, "": tokens.WrongEnvironment, "*": tokens.WrongEnvironment,
	} {
		credential := tokens.Credential{Scheme: tokens.Bearer, Text: minted.Secret.Reveal()}
		p, refusal, err := g.Verify(t.Context(), credential, environment, "", now)
		if err != nil || refusal != want || (p != nil) != (want == "") {
			t.Errorf("%q: %v, %q, %v", environment, p, refusal, err)
		}
		if live, err := g.IsLive(t.Context(), minted.ID, environment, "", now); err != nil || live != (want == "") {
			t.Errorf("%q: live %v, %v", environment, live, err)
		}
	}
}

// acting is the authority of a credential that acts for a user in prod.
func acting(user string, holds []string, permits ...string) tokens.Authority {
	a := authority(holds, permits...)
	a.Owner, a.ActsForUser, a.Token = user, true, "dt0s16.CALLER"
	return a
}

// Attack: whoever may make tokens makes one that acts for somebody else, for an environment that the own credential is kept out
// of, or with a scope that is not theirs. Fix: owner, environments and scopes are held against the caller's. Invariant: a
// platform token that a caller makes is the caller's own user's, and reaches no further than the caller does, unless the
// caller is an administrator, who stays within the own environments as well.
func TestLimitedCreatePlatform(t *testing.T) {
	const logs = "storage:logs:read"
	held := []string{logs}
	administrator := tokens.Authority{Actor: "dt0c01.ADMIN", Environment: "prod", Administrator: true}
	for name, test := range map[string]struct {
		by      tokens.Authority
		edit    func(*tokens.CreateRequest)
		refused string
	}{
		"hands on what it holds":         {acting("ann", held), nil, ""},
		"granted by policies":            {acting("ann", nil, logs), nil, ""},
		"neither":                        {acting("ann", nil, "storage:metrics:read"), nil, "The scope storage:logs:read is not yours"},
		"for another":                    {acting("ann", held), func(r *tokens.CreateRequest) { r.Owner = "bob" }, "of other users"},
		"for another spelling":           {acting("ann", held), func(r *tokens.CreateRequest) { r.Owner = "Ann" }, "of other users"},
		"elsewhere":                      {acting("ann", held), func(r *tokens.CreateRequest) { r.Environments = []string{"prod", "test"} }, "not good for the environment test"},
		"only elsewhere":                 {acting("ann", held), func(r *tokens.CreateRequest) { r.Environment = "test" }, "not good for the environment test"},
		"nobody":                         {acting("", held), nil, "of other users"},
		"user of an issuer":              {acting("https://idp.example.org#ann@example.com", held), func(r *tokens.CreateRequest) { r.Owner = "" }, "another issuer"},
		"access token with a remark":     {authority([]string{logs}, logs), func(r *tokens.CreateRequest) { r.Owner = "alice" }, "acts for a user"},
		"personal, same name of a scope": {func() tokens.Authority { a := acting("ann", held); a.Personal = true; return a }(), nil, "The scope storage:logs:read is not yours"},
		"administrator":                  {administrator, nil, ""},
		"administrator, for nobody":      {administrator, func(r *tokens.CreateRequest) { r.Owner = "" }, "needs an owner"},
		"administrator, elsewhere":       {administrator, func(r *tokens.CreateRequest) { r.Environments = []string{"test"} }, "not good for the environment test"},
		"administrator, issuer's user":   {administrator, func(r *tokens.CreateRequest) { r.Owner = "https://idp.example.org#ann" }, "another issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, nil)
			request := platformRequest(func(r *tokens.CreateRequest) { r.Environment, r.Prefix = "", "dt0c01" })
			if test.edit != nil {
				test.edit(&request)
			}
			request.Personal, request.Administrator, request.Cluster = true, true, true
			created, err := o.Within(test.by).CreatePlatform(t.Context(), request)
			r := created.Record
			switch {
			case test.refused != "":
				if err == nil || !strings.Contains(fault.Public(err), test.refused) || len(o.store.Events()) > 0 {
					t.Errorf("made %s, error %v", r.ID, err)
				}
			case err != nil || r.Owner != "ann" || r.Environment != "prod" || r.Environments != nil || r.Personal || r.Administrator || r.Cluster || !strings.HasPrefix(r.ID, "dt0s16."):
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

// Invariant: whatever a caller does, a token is changed by its own user or by an administrator of one of its environments only;
// it comes to life, or gets another name, only by one whose credential is good for all of them.
func TestLimitedPlatformChange(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		all := []string{"dev", "prod", "test"}
		some := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 3, rapid.ID[string])
		of, reach := some.Draw(t, "environments"), some.Draw(t, "reach")
		user := rapid.SampledFrom([]string{"ann", "bob", ""}).Draw(t, "user")
		a := tokens.Authority{
			Owner: user, ActsForUser: rapid.Bool().Draw(t, "acts"), Administrator: rapid.Bool().Draw(t, "administrator"), Environment: reach[0],
			Reaches: func(environment string) bool { return slices.Contains(reach, environment) },
		}
		o := newOffice(outer, nil)
		before := tokens.Record{ID: "dt0s16.TOKEN", Name: "old", Owner: "ann", Environment: of[0], Environments: of[1:], Enabled: rapid.Bool().Draw(t, "enabled"), Scopes: []string{"x"}, Created: now}
		o.store.Put(before)
		name, on := "new", rapid.Bool().Draw(t, "on")
		given := &name
		if rapid.Bool().Draw(t, "unnamed") {
			given = nil
		}
		err := o.Within(a).UpdatePlatform(context.Background(), before.ID, given, &on)

		own := user == "ann" && a.ActsForUser
		within := !slices.ContainsFunc(of, func(e string) bool { return !a.Reaches(e) })
		knows := own || a.Administrator && slices.ContainsFunc(of, a.Reaches)
		if want := knows && (within || !on && given == nil); (err == nil) != want {
			t.Fatalf("own %v, administrator %v, %v within %v: %v", own, a.Administrator, of, reach, err)
		}
		if deleted := o.Within(a).DeletePlatform(context.Background(), before.ID) == nil; deleted != knows {
			t.Fatalf("deleted %v by one who knows of it: %v", deleted, knows)
		}
	})
}

func TestLimitedPlatformSelf(t *testing.T) {
	o := newOffice(t, nil)
	o.store.Put(tokens.Record{ID: "dt0s16.CALLER", Name: "self", Owner: "ann", Environment: "prod", Enabled: true, Scopes: []string{"x"}, Created: now})
	o.store.Put(tokens.Record{ID: "dt0c01.ACCESS", Name: "access", Owner: "ann", Environment: "prod", Enabled: true, Scopes: []string{"x"}, Created: now})
	l, off := o.Within(acting("ann", nil)), false
	if err := l.UpdatePlatform(t.Context(), "dt0s16.CALLER", nil, &off); fault.KindOf(err) != fault.Invalid {
		t.Errorf("disabled itself: %v", err)
	}
	if err := l.DeletePlatform(t.Context(), "dt0s16.CALLER"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("deleted itself: %v", err)
	}
	if err := l.DeletePlatform(t.Context(), "dt0c01.ACCESS"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("deleted an access token: %v", err)
	}
	listed, err := l.ListPlatforms(t.Context(), "")
	if err != nil || len(listed) != 1 || listed[0].ID != "dt0s16.CALLER" {
		t.Errorf("listed %v, %v", listed, err)
	}
	if _, err := l.ListPlatforms(t.Context(), "bob"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("listed another's: %v", err)
	}
	if _, err := o.Within(authority(nil)).ListPlatforms(t.Context(), "alice"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("listed by an access token that names its owner: %v", err)
	}
}
