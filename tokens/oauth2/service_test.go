package oauth2_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
)

func TestCreateClient(t *testing.T) {
	o := newOffice(t)
	created, err := o.service.CreateClient(t.Context(), "cli:root", account, oauth2.Attributes{
		Name: "ci", Description: "builds", Owner: "Ann@Example.org", Scopes: []string{"iam:policies:read", "account-idm-read", "iam:policies:read"},
	})
	must(t, err)
	text := created.Secret.Reveal()
	id, secret, _ := strings.Cut(text[len("dt0s02."):], ".")
	want := oauth2.Client{
		ID: "dt0s02." + id, Digest: tokens.DigestOf(secret), Name: "ci", Description: "builds", Owner: "ann@example.org", Account: account,
		Scopes: []string{"account-idm-read", "iam:policies:read"}, Enabled: true, Created: start,
	}
	same(t, want, created.Client)
	same(t, []int{24, 64}, []int{len(id), len(secret)})
	got, err := o.service.ShowClient(t.Context(), account, want.ID)
	must(t, err)
	same(t, want, got)
	events := o.store.Events()
	same(t, audit.Event{
		ID: 2, Revision: 2, Time: start, Actor: "cli:root", Action: "oauthclient.create", Object: want.ID,
		Detail: `{"name":"ci","description":"builds","owner":"ann@example.org","account":"` + account + `","scopes":["account-idm-read","iam:policies:read"],"enabled":true}`,
	}, events[len(events)-1])
	if _, err := o.service.ShowClient(t.Context(), otherAccount, want.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("seen from another account: %v", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", created, created, created); strings.Contains(text, secret) {
		t.Error("the secret prints")
	}
}

func TestCreateClientRefuses(t *testing.T) {
	o := newOffice(t)
	pasted := o.client(account).Secret.Reveal()
	for name, tt := range map[string]struct {
		edit func(*oauth2.Attributes)
		want []fault.Field
	}{
		"no name":         {func(a *oauth2.Attributes) { a.Name = "" }, fields("name", "The name has 1 to 100 characters, not 0.")},
		"long name":       {func(a *oauth2.Attributes) { a.Name = strings.Repeat("é", 101) }, fields("name", "The name has 1 to 100 characters, not 101.")},
		"newline":         {func(a *oauth2.Attributes) { a.Name = "a\nb" }, fields("name", "The name has a control character (U+000A).")},
		"reversed":        {func(a *oauth2.Attributes) { a.Description = "a\u202eb" }, fields("description", "The description has a control character (U+202E).")},
		"not UTF-8":       {func(a *oauth2.Attributes) { a.Description = "\xff" }, fields("description", "The description is not valid UTF-8.")},
		"secret as name":  {func(a *oauth2.Attributes) { a.Name = pasted }, fields("name", "The name contains the secret of a token.")},
		"no owner":        {func(a *oauth2.Attributes) { a.Owner = "" }, fields("owner", "The owner has 1 to 250 characters, not 0.")},
		"owner's look":    {func(a *oauth2.Attributes) { a.Owner = "ann\u200b@example.org" }, fields("owner", "The owner has no unambiguous spelling.")},
		"no scope":        {func(a *oauth2.Attributes) { a.Scopes = nil }, fields("scopes", "An OAuth2 client needs at least one scope.")},
		"misspelt scopes": {func(a *oauth2.Attributes) { a.Scopes = []string{"account-idm-read", "acount-idm-read", "xyz"} }, fields("scopes[1]", `There is no OAuth scope "acount-idm-read". Did you mean account-idm-read?`, "scopes[2]", `There is no OAuth scope "xyz".`)},
		"secret as scope": {func(a *oauth2.Attributes) { a.Scopes = []string{pasted} }, fields("scopes[0]", fmt.Sprintf("There is no OAuth scope %q.", tokens.Mask(pasted)))},
		"too many":        {func(a *oauth2.Attributes) { a.Scopes = strings.Fields(strings.Repeat("account-idm-read ", 400)) }, fields("scopes", "The scopes of an OAuth2 client have at most 6144 characters together.")},
		"several":         {func(a *oauth2.Attributes) { a.Name, a.Scopes = "", nil }, fields("name", "The name has 1 to 100 characters, not 0.", "scopes", "An OAuth2 client needs at least one scope.")},
	} {
		t.Run(name, func(t *testing.T) {
			a := oauth2.Attributes{Name: "ci", Owner: owner, Scopes: nine}
			tt.edit(&a)
			_, err := o.service.CreateClient(t.Context(), "ann", account, a)
			f, ok := errors.AsType[*fault.Fault](err)
			if !ok || f.Kind != fault.Invalid || f.Public != tt.want[0].Message {
				t.Fatal(err)
			}
			same(t, tt.want, f.Fields)
		})
	}
	if _, err := o.service.CreateClient(t.Context(), "ann", "a/b", oauth2.Attributes{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("bad account: %v", err)
	}
	if n := len(o.store.Changes()); n != 2 {
		t.Errorf("%d changes", n)
	}
}

// fields are names and messages in turn.
func fields(texts ...string) (all []fault.Field) {
	for i := 0; i < len(texts); i += 2 {
		all = append(all, fault.Field{Name: texts[i], Message: texts[i+1]})
	}
	return all
}

func TestClientLimitAndFaults(t *testing.T) {
	o := newOffice(t)
	small := oauth2.NewService(oauth2.ServiceConfig{Store: o.store, Scopes: catalog(t), MaxClients: 2})
	a := oauth2.Attributes{Name: "ci", Owner: owner, Scopes: nine}
	for i, want := range []string{"", "", "The account has as many OAuth2 clients as it may have."} {
		if _, err := small.CreateClient(t.Context(), "ann", account, a); err != nil && fault.Public(err) != want || (err == nil) != (want == "") {
			t.Errorf("%d: %v", i, err)
		}
	}
	dry := oauth2.NewService(oauth2.ServiceConfig{Store: o.store, Scopes: catalog(t), Random: iotest.ErrReader(errDisk)})
	if _, err := dry.CreateClient(t.Context(), "ann", otherAccount, a); fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("no randomness: %v", err)
	}
	o.store.Before = refusing("CreateClient")
	if _, err := o.service.CreateClient(t.Context(), "ann", otherAccount, a); fault.KindOf(err) != fault.Unavailable || strings.Contains(fault.Public(err), "disk") {
		t.Errorf("no store: %v", err)
	}
}

func TestUpdateClient(t *testing.T) {
	o := newOffice(t)
	c := o.client(account)
	name, no := "nightly", false
	o.now = start.Add(time.Hour)
	got, err := o.service.UpdateClient(t.Context(), "ann", account, c.Client.ID, oauth2.Change{Name: &name, Enabled: &no}, nil)
	must(t, err)
	want := c.Client
	want.Name, want.Enabled, want.Modified, want.TokensFrom = name, false, o.now, o.now.Truncate(time.Second).Add(2*time.Second)
	same(t, want, got)
	events := o.store.Events()
	last := events[len(events)-1]
	same(t, `[{"op":"replace","path":"/enabled","oldValue":true,"value":false},{"op":"replace","path":"/name","oldValue":"ci","value":"nightly"}]`, last.Patch)

	refused := errors.New("refused")
	for what, err := range map[string]error{
		"not found": second(o.service.UpdateClient(t.Context(), "ann", account, "dt0s02.NOBODY", oauth2.Change{}, nil)),
		"foreign":   second(o.service.UpdateClient(t.Context(), "ann", otherAccount, c.Client.ID, oauth2.Change{}, nil)),
		"deletion":  o.service.DeleteClient(t.Context(), "ann", otherAccount, c.Client.ID),
		"rotation":  second(o.service.RotateSecret(t.Context(), "ann", otherAccount, c.Client.ID, oauth2.Rotation{}, nil)),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = o.service.UpdateClient(t.Context(), "ann", account, c.Client.ID, oauth2.Change{Scopes: []string{"nosuch"}}, nil)
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("unknown scope: %v", err)
	}
	_, err = o.service.UpdateClient(t.Context(), "ann", account, c.Client.ID, oauth2.Change{Scopes: nine[:1]}, func(before, after oauth2.Client) error {
		if len(before.Scopes) != 9 || len(after.Scopes) != 1 {
			t.Errorf("%v, %v", before.Scopes, after.Scopes)
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("not allowed: %v", err)
	}
	stored, err := o.service.ShowClient(t.Context(), account, c.Client.ID)
	must(t, err)
	same(t, want, stored)
}

func second[T any](_ T, err error) error { return err }

// TestRotateSecret walks over the end of an overlap.
func TestRotateSecret(t *testing.T) {
	o := newOffice(t)
	first := o.client(account)
	rotate := func(r oauth2.Rotation) oauth2.Created {
		t.Helper()
		c, err := o.service.RotateSecret(t.Context(), "ann", account, first.Client.ID, r, nil)
		must(t, err)
		return c
	}
	good := func(want string, all ...oauth2.Created) {
		t.Helper()
		var got strings.Builder
		for _, c := range all {
			_, ok, err := o.service.Authenticate(t.Context(), c.Client.ID, c.Secret, o.now)
			must(t, err)
			got.WriteString(map[bool]string{true: "+", false: "-"}[ok])
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	second := rotate(oauth2.Rotation{Overlap: time.Hour})
	good("++", first, second)
	o.now = start.Add(time.Hour - time.Millisecond)
	good("++", first, second)
	o.now = start.Add(time.Hour)
	good("-+", first, second)
	third := rotate(oauth2.Rotation{Overlap: oauth2.MaxOverlap})
	fourth := rotate(oauth2.Rotation{Overlap: time.Minute})
	good("--++", first, second, third, fourth)
	fifth := rotate(oauth2.Rotation{})
	good("----+", first, second, third, fourth, fifth)
	if fifth.Client.ID != first.Client.ID || !strings.HasPrefix(fifth.Secret.Reveal(), first.Client.ID+".") {
		t.Error("another identifier")
	}
	if w := o.form("/sso/oauth2/token", basicOf(fifth), "grant_type=client_credentials"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, overlap := range []time.Duration{-1, oauth2.MaxOverlap + 1} {
		if _, err := o.service.RotateSecret(t.Context(), "ann", account, first.Client.ID, oauth2.Rotation{Overlap: overlap}, nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", overlap, err)
		}
	}
	o.leaks(secretPart(first), secretPart(second), secretPart(third), secretPart(fourth), secretPart(fifth))
}

// TestShortIdentifier: clients with identifiers of eight characters, brought from elsewhere, authenticate too.
func TestShortIdentifier(t *testing.T) {
	o := newOffice(t)
	secret := strings.Repeat("A", 64)
	c := oauth2.Client{ID: "dt0s02.ABCD1234", Digest: tokens.DigestOf(secret), Account: account, Scopes: nine, Enabled: true, Owner: owner}
	must(t, o.store.CreateClient(t.Context(), c, 10, audit.Event{}))
	if w := o.form("/sso/oauth2/token", basic(c.ID, c.ID+"."+secret), "grant_type=client_credentials"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
