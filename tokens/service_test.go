package tokens_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// office is a service over a store in memory, at a fixed time.
type office struct {
	*tokens.Service
	store   *tokenstest.Memory
	changed []string
}

func newOffice(t testing.TB, edit func(*tokens.ServiceConfig)) *office {
	t.Helper()
	catalog, err := scope.NewCatalog(
		scope.Scope{Value: "orders.read", Creatable: true, Personal: true},
		scope.Scope{Value: "orders.write", Creatable: true},
		scope.Scope{Value: "OldExport"},
		scope.Scope{Value: "NodeControl", Cluster: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{store: &tokenstest.Memory{}}
	config := tokens.ServiceConfig{
		Store: o.store, Formats: formats(t), Scopes: catalog, Now: func() time.Time { return now },
		OnChange: func(id string) { o.changed = append(o.changed, id) },
	}
	if edit != nil {
		edit(&config)
	}
	o.Service = tokens.NewService(config)
	return o
}

func attributes() tokens.Attributes {
	return tokens.Attributes{Name: "ci", Owner: "alice", Environment: "prod", Scopes: []string{"orders.write", "orders.read", "orders.write"}}
}

func TestCreate(t *testing.T) {
	o := newOffice(t, nil)
	a := attributes()
	a.Expires = now.Add(time.Hour + 999*time.Microsecond).In(time.FixedZone("", 3600))
	created, err := o.Create(t.Context(), "cli:root", tokens.CreateRequest{Attributes: a})
	if err != nil {
		t.Fatal(err)
	}
	text := created.Secret.Reveal()
	want := tokens.Record{
		ID: created.Record.ID, Digest: tokens.DigestOf(text[strings.LastIndex(text, ".")+1:]), Name: "ci", Owner: "alice", Environment: "prod",
		Enabled: true, Scopes: []string{"orders.read", "orders.write"}, Created: now, Expires: now.Add(time.Hour),
	}
	if diff := cmp.Diff(want, created.Record); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	stored, err := o.Show(t.Context(), created.Record.ID)
	if diff := cmp.Diff(want, stored); diff != "" || err != nil {
		t.Errorf("stored, %v (-want +got):\n%s", err, diff)
	}
	event := audit.Event{
		Time: now, Actor: "cli:root", ID: 1, Action: "token.create", Object: want.ID, Revision: 1,
		Detail: `{"name":"ci","owner":"alice","environment":"prod","scopes":["orders.read","orders.write"],"expires":"2026-03-31T14:45:30.123Z"}`,
	}
	if diff := cmp.Diff([]audit.Event{event}, o.store.Events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{want.ID}, o.changed); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if found, err := o.Lookup(t.Context(), created.Secret); err != nil || found.ID != want.ID {
		t.Errorf("Lookup: %v, %v", found.ID, err)
	}
}

func TestCreateRefuses(t *testing.T) {
	o := newOffice(t, nil)
	pasted := "dt0c01." + public24 + "." + secret64
	for name, test := range map[string]struct {
		edit func(*tokens.CreateRequest)
		want string
	}{
		"no name":              {func(r *tokens.CreateRequest) { r.Name = "" }, "The name of a token has 1 to 100 characters, not 0."},
		"long name":            {func(r *tokens.CreateRequest) { r.Name = strings.Repeat("é", 101) }, "not 101"},
		"newline":              {func(r *tokens.CreateRequest) { r.Name = "ci\nfake log line" }, "control character (U+000A)"},
		"escape":               {func(r *tokens.CreateRequest) { r.Name = "\x1b[2J" }, "control character (U+001B)"},
		"reversed text":        {func(r *tokens.CreateRequest) { r.Name = "ci\u202etxt" }, "control character (U+202E)"},
		"not UTF-8":            {func(r *tokens.CreateRequest) { r.Name = "ci\xff" }, "not valid UTF-8"},
		"token as name":        {func(r *tokens.CreateRequest) { r.Name = pasted }, "contains the secret of a token"},
		"token as owner":       {func(r *tokens.CreateRequest) { r.Owner = pasted }, "contains the secret of a token"},
		"no environment":       {func(r *tokens.CreateRequest) { r.Environment = "" }, "An environment is named with"},
		"bad environment":      {func(r *tokens.CreateRequest) { r.Environment = "prod/../x" }, "An environment is named with"},
		"long environment":     {func(r *tokens.CreateRequest) { r.Environment = strings.Repeat("a", 65) }, "An environment is named with"},
		"no scope":             {func(r *tokens.CreateRequest) { r.Scopes = nil }, "needs at least one scope"},
		"too many scopes":      {func(r *tokens.CreateRequest) { r.Scopes = make([]string, 1001) }, "at most 1000 scopes"},
		"misspelt scope":       {func(r *tokens.CreateRequest) { r.Scopes = []string{"order.read"} }, `There is no scope "order.read". Did you mean orders.read?`},
		"empty scope":          {func(r *tokens.CreateRequest) { r.Scopes = []string{""} }, `There is no scope "".`},
		"token as scope":       {func(r *tokens.CreateRequest) { r.Scopes = []string{pasted} }, "There is no scope"},
		"scope only read":      {func(r *tokens.CreateRequest) { r.Scopes = []string{"OldExport"} }, "OldExport cannot be given to a new token"},
		"cluster scope":        {func(r *tokens.CreateRequest) { r.Scopes = []string{"NodeControl"} }, "NodeControl is for cluster tokens only"},
		"expires now":          {func(r *tokens.CreateRequest) { r.Expires = now }, "must be in the future"},
		"expires within a ms":  {func(r *tokens.CreateRequest) { r.Expires = now.Add(time.Microsecond) }, "must be in the future"},
		"personal, no owner":   {func(r *tokens.CreateRequest) { r.Personal, r.Owner = true, "" }, "needs an owner"},
		"personal, scope":      {func(r *tokens.CreateRequest) { r.Personal = true }, "A personal token cannot have the scope orders.write"},
		"personal, everything": {func(r *tokens.CreateRequest) { r.Personal, r.AllowUncreatable = true, true }, "A personal token cannot have the scope"},
		"personal, cluster":    {func(r *tokens.CreateRequest) { r.Personal, r.Cluster = true, true }, "never reaches the cluster realm"},
		"personal, all rights": {func(r *tokens.CreateRequest) { r.Personal, r.Administrator = true, true }, "never an administrator's"},
		"staff, no owner":      {func(r *tokens.CreateRequest) { r.Staff, r.Owner = true, "" }, "support staff needs an owner"},
		"staff, all rights":    {func(r *tokens.CreateRequest) { r.Staff, r.Administrator = true, true }, "the two marks exclude each other"},
		"unknown kind":         {func(r *tokens.CreateRequest) { r.Prefix = "dt0z99" }, "are not made here"},
		"kind of no use":       {func(r *tokens.CreateRequest) { r.Prefix = "dt0g02" }, "are not made here"},
		"token as kind":        {func(r *tokens.CreateRequest) { r.Prefix = pasted }, "are not made here"},
		"platform token":       {func(r *tokens.CreateRequest) { r.Prefix, r.Scopes = "dt0s16", []string{"a b"} }, "There is no scope"},
	} {
		t.Run(name, func(t *testing.T) {
			request := tokens.CreateRequest{Attributes: attributes()}
			test.edit(&request)
			_, err := o.Create(t.Context(), "cli:root", request)
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Public(err), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if strings.Contains(err.Error(), secret64) {
				t.Error("the error shows the secret")
			}
		})
	}
	if len(o.store.Events()) != 0 || len(o.changed) != 0 {
		t.Errorf("something was stored: %v", o.store.Events())
	}
}

func TestCreateAllowances(t *testing.T) {
	o := newOffice(t, nil)
	everything := attributes()
	everything.AllowUncreatable, everything.Scopes = true, []string{"orders.read", "orders.write", "OldExport", "NodeControl"}
	cluster := attributes()
	cluster.Cluster, cluster.Scopes = true, []string{"NodeControl", "orders.read"}
	personal := attributes()
	personal.Personal, personal.Scopes = true, []string{"orders.read"}
	platform := attributes()
	platform.Scopes = []string{"storage:logs:read"}
	for name, request := range map[string]tokens.CreateRequest{
		"first administrator": {Attributes: everything},
		"cluster":             {Attributes: cluster},
		"personal":            {Attributes: personal},
		"platform":            {Attributes: platform, Prefix: "dt0s16"},
	} {
		if created, err := o.Create(t.Context(), "cli:root", request); err != nil || len(created.Record.Scopes) != len(request.Scopes) {
			t.Errorf("%s: %v, %v", name, created.Record.Scopes, err)
		}
	}
}

// An answer names everything that is wrong, so that whoever asked need not ask again and again.
func TestCreateNamesEveryPart(t *testing.T) {
	o := newOffice(t, nil)
	_, err := o.Create(t.Context(), "cli:root", tokens.CreateRequest{Attributes: tokens.Attributes{
		Owner: "a\tb", Scopes: []string{"orders.read", "nosuch", "OldExport"}, Networks: []string{"10.0.0.0/8", "x"}, Expires: now,
		Personal: true, Cluster: true,
	}})
	want := []string{"name", "owner", "environment", "expirationDate", "personalAccessToken", "scopes[1]", "scopes[2]", "allowedNetworks[1]"}
	if diff := cmp.Diff(want, partNames(err)); diff != "" || fault.Public(err) != "The name of a token has 1 to 100 characters, not 0." {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestCreateSpecial(t *testing.T) {
	o := newOffice(t, nil)
	a := attributes()
	a.Administrator, a.Networks = true, []string{"192.0.2.7"}
	created, err := o.Create(t.Context(), "cli:root", tokens.CreateRequest{Attributes: a, Disabled: true})
	if err != nil || !created.Record.Administrator || created.Record.Enabled {
		t.Fatalf("%+v, %v", created.Record, err)
	}
	if detail := o.store.Events()[0].Detail; !strings.Contains(detail, `"allowedNetworks":["192.0.2.7/32"],"administrator":true,"disabled":true}`) {
		t.Errorf("detail %s", detail)
	}
	if n, err := o.Count(t.Context(), tokens.Query{Limit: 1}); n != 1 || err != nil {
		t.Errorf("%d tokens, %v", n, err)
	}
}

func TestCreateWithoutRandomness(t *testing.T) {
	o := newOffice(t, func(c *tokens.ServiceConfig) { c.Random = iotest.ErrReader(errors.New("dry")) })
	_, err := o.Create(t.Context(), "cli:root", tokens.CreateRequest{Attributes: attributes()})
	if fault.KindOf(err) != fault.Internal || err == nil || len(o.store.Events()) != 0 {
		t.Errorf("%v", err)
	}
	if _, err := o.Import(t.Context(), "cli:root", tokens.ImportRequest{Attributes: attributes(), Text: tokens.NewSecret(legacyText)}); err == nil {
		t.Error("an old-format token got an identifier without randomness")
	}
}

func TestImportOldFormat(t *testing.T) {
	o := newOffice(t, nil)
	request := tokens.ImportRequest{Attributes: attributes(), Text: tokens.NewSecret(legacyText)}
	r, err := o.Import(t.Context(), "alice", request)
	if err != nil || !r.Legacy || !r.Enabled || len(r.ID) != 36 || r.ID[14] != '4' || !r.Digest.Equal(tokens.DigestOf(legacyText)) {
		t.Fatalf("%+v, %v", r, err)
	}
	if found, err := o.Lookup(t.Context(), request.Text); err != nil || found.ID != r.ID {
		t.Errorf("Lookup: %v, %v", found.ID, err)
	}
	e := o.store.Events()[0]
	if e.Action != "token.import" || e.Object != r.ID || strings.Contains(e.Detail, legacyText) || !strings.Contains(e.Detail, `"legacy":true`) {
		t.Errorf("event %+v", e)
	}
	if _, err := o.Import(t.Context(), "alice", request); fault.KindOf(err) != fault.Conflict {
		t.Errorf("imported twice: %v", err)
	}
	request.Text, request.ID, request.Disabled = tokens.NewSecret(legacyText+"1"), "a6e91657-1fa7-4742-af40-39469b92bd65", true
	if r, err := o.Import(t.Context(), "alice", request); err != nil || r.ID != request.ID || r.Enabled {
		t.Errorf("with an identifier: %+v, %v", r, err)
	}
}

func TestImportCurrentFormat(t *testing.T) {
	o := newOffice(t, nil)
	request := tokens.ImportRequest{Attributes: attributes(), Text: tokens.NewSecret("dt0c01." + public24 + "." + secret64)}
	r, err := o.Import(t.Context(), "alice", request)
	if err != nil || r.ID != "dt0c01."+public24 || r.Legacy || !r.Digest.Equal(tokens.DigestOf(secret64)) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestImportRefuses(t *testing.T) {
	o := newOffice(t, nil)
	for name, test := range map[string]struct{ text, id, want string }{
		"empty":            {"", "", "neither a token of a known kind"},
		"short":            {"abcdefg", "", "neither a token of a known kind"},
		"cut":              {"dt0c01." + public24 + "." + secret64[1:], "", "neither a token of a known kind"},
		"kind of no use":   {"dt0s02." + public24 + "." + secret64, "", "(OAuth2 client) is of no use here"},
		"other identifier": {"dt0c01." + public24 + "." + secret64, "dt0c01.OTHER", "leave it out"},
		"no UUID":          {legacyText, "dt0c01." + public24, "is a UUID"},
		"upper-case UUID":  {legacyText, "A6E91657-1FA7-4742-AF40-39469B92BD65", "is a UUID"},
		"UUID, no hyphens": {legacyText, strings.Repeat("0", 36), "is a UUID"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := o.Import(t.Context(), "alice", tokens.ImportRequest{Attributes: attributes(), Text: tokens.NewSecret(test.text), ID: test.id})
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Public(err), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if err != nil && (strings.Contains(err.Error(), secret64[1:]) || strings.Contains(err.Error(), legacyText)) {
				t.Error("the error shows the secret")
			}
		})
	}
}

// Attack: find out by Lookup whether an identifier exists. Invariant: a wrong secret and an unknown token are the same.
func TestLookupRefusesAlike(t *testing.T) {
	o := newOffice(t, nil)
	created, err := o.Create(t.Context(), "cli:root", tokens.CreateRequest{Attributes: attributes()})
	if err != nil {
		t.Fatal(err)
	}
	text := created.Secret.Reveal()
	var sentences []string
	for _, wrong := range []string{text[:95] + flip(text[95]), "dt0c01." + public24 + "." + secret64, text[:95], created.Record.ID, legacyText, ""} {
		r, err := o.Lookup(t.Context(), tokens.NewSecret(wrong))
		if fault.KindOf(err) != fault.NotFound || r.ID != "" {
			t.Errorf("%d characters: %v, %v", len(wrong), r.ID, err)
		}
		sentences = append(sentences, err.Error())
	}
	if len(slices.Compact(sentences)) != 1 {
		t.Errorf("the errors differ: %q", slices.Compact(sentences))
	}
}

func TestDisableEnableDelete(t *testing.T) {
	o := newOffice(t, nil)
	created, err := o.Create(t.Context(), "cli:root", tokens.CreateRequest{Attributes: attributes()})
	if err != nil {
		t.Fatal(err)
	}
	id, ctx := created.Record.ID, t.Context()
	for _, step := range []struct {
		do   func() error
		want bool
	}{
		{func() error { return o.SetEnabled(ctx, "alice", id, false) }, false},
		{func() error { return o.SetEnabled(ctx, "alice", id, false) }, false},
		{func() error { return o.SetEnabled(ctx, "alice", id, true) }, true},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if r, err := o.Show(ctx, id); err != nil || r.Enabled != step.want || !r.Modified.IsZero() {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if err := o.Delete(ctx, "alice", id); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Show":       second(o.Show(ctx, id)),
		"SetEnabled": o.SetEnabled(ctx, "alice", id, true),
		"Delete":     o.Delete(ctx, "alice", id),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s after Delete: %v", name, err)
		}
	}
	var actions []string
	for _, e := range o.store.Events() {
		actions = append(actions, e.Action)
		if e.Object != id || !e.Time.Equal(now) {
			t.Errorf("event %+v", e)
		}
	}
	if diff := cmp.Diff([]string{"token.create", "token.disable", "token.enable", "token.delete"}, actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func second[T any](_ T, err error) error { return err }

// Attack: the store commits a revocation and loses the connection before it can say so; a cache that was told nothing
// goes on accepting the token. Invariant: a change is announced whatever the store answers.
func TestChangesAreAnnouncedDespiteFaults(t *testing.T) {
	o := newOffice(t, nil)
	o.store.Before = func(context.Context, string) error { return errDown }
	for _, err := range []error{
		o.SetEnabled(t.Context(), "alice", "dt0c01.A", false),
		o.Delete(t.Context(), "alice", "dt0c01.B"),
	} {
		if fault.KindOf(err) != fault.Unavailable || !errors.Is(err, errDown) || strings.Contains(fault.Public(err), "refused") {
			t.Errorf("%v", err)
		}
	}
	if diff := cmp.Diff([]string{"dt0c01.A", "dt0c01.B"}, o.changed); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestList(t *testing.T) {
	o := newOffice(t, nil)
	for range 3 {
		if _, err := o.Create(t.Context(), "cli:root", tokens.CreateRequest{Attributes: attributes()}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := o.List(t.Context(), tokens.Query{Limit: 2})
	if err != nil || len(page) != 2 {
		t.Fatalf("%d tokens, %v", len(page), err)
	}
	rest, err := o.List(t.Context(), tokens.Query{After: tokens.PositionOf(page[1], tokens.SortNewest)})
	if err != nil || len(rest) != 1 || rest[0].ID == page[0].ID {
		t.Errorf("%d tokens on the second page, %v", len(rest), err)
	}
}

// A token that was asked for before it existed works as soon as it does: the service tells the verifier.
func TestCreatedTokenWorksAtOnce(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	o := newOffice(t, func(c *tokens.ServiceConfig) { c.Store, c.OnChange = g.store, g.Forget })
	text := "dt0c01." + public24 + "." + secret64
	if _, refusal := g.verify(t, apiToken(text)); refusal != tokens.Unknown {
		t.Fatalf("before: %q", refusal)
	}
	r, err := o.Import(t.Context(), "alice", tokens.ImportRequest{Attributes: attributes(), Text: tokens.NewSecret(text)})
	if err != nil {
		t.Fatal(err)
	}
	if _, refusal := g.verify(t, apiToken(text)); refusal != "" {
		t.Errorf("after: %q", refusal)
	}
	if err := o.SetEnabled(t.Context(), "alice", r.ID, false); err != nil {
		t.Fatal(err)
	}
	if _, refusal := g.verify(t, apiToken(text)); refusal != tokens.Disabled {
		t.Errorf("switched off: %q", refusal)
	}
	if err := o.Delete(t.Context(), "alice", r.ID); err != nil {
		t.Fatal(err)
	}
	if _, refusal := g.verify(t, apiToken(text)); refusal != tokens.Unknown {
		t.Errorf("deleted: %q", refusal)
	}
}
