package tokens_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

// limitedOffice has scopes that policies can grant.
func limitedOffice(t testing.TB, edit func(*tokens.ServiceConfig)) *office {
	catalog, err := scope.NewCatalog(
		scope.Scope{Value: "orders.read", Creatable: true, Personal: true, OAuth: []string{"shop:orders:read", "orders:read"}},
		scope.Scope{Value: "orders.write", Creatable: true, OAuth: []string{"shop:orders:write"}},
		scope.Scope{Value: "parcels.read", Creatable: true, Personal: true},
		scope.Scope{Value: "OldExport"},
		scope.Scope{Value: "NodeControl", Cluster: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t, func(c *tokens.ServiceConfig) {
		c.Scopes = catalog
		if edit != nil {
			edit(c)
		}
	})
	if err := o.SetPersonalTokens(t.Context(), "cli:root", "prod", true); err != nil {
		t.Fatal(err)
	}
	return o
}

const callerID = "dt0c01.CALLER"

// authority is that of a token of alice's which holds what is named. Policies grant what is in permits.
func authority(holds []string, permits ...string) tokens.Authority {
	return tokens.Authority{
		Actor: callerID, Token: callerID, Environment: "prod", Owner: "alice",
		Holds: func(scope string) bool { return slices.Contains(holds, scope) },
		Permits: func(_ context.Context, permission string) (bool, error) {
			return slices.Contains(permits, permission), nil
		},
	}
}

func wanting(scopes ...string) tokens.CreateRequest {
	return tokens.CreateRequest{Attributes: tokens.Attributes{Name: "new", Scopes: scopes}}
}

// Attack: a token that may make tokens makes one with more rights than it has, or takes the name of somebody else.
// Fix: owner and environment come from the caller, and each scope has to be the caller's to give.
// Invariant: what a caller makes reaches no further than the caller.
func TestLimitedCreate(t *testing.T) {
	const viewer, manage = "environment:roles:viewer", "environment:roles:manage-settings"
	read, personal := wanting("orders.read"), wanting("orders.read")
	personal.Personal = true
	parcels := wanting("parcels.read")
	parcels.Personal = true
	acts := func(a tokens.Authority) tokens.Authority { a.ActsForUser = true; return a }
	isPersonal := func(a tokens.Authority) tokens.Authority { a.Personal = true; return a }
	administers := func(a tokens.Authority) tokens.Authority { a.Administrator = true; return a }
	for name, test := range map[string]struct {
		by      tokens.Authority
		request tokens.CreateRequest
		refused string // "" where a token is made
	}{
		"hands on what it holds":                 {authority([]string{"orders.read"}), read, ""},
		"does not hold it":                       {authority([]string{"orders.write"}), read, "The scope orders.read is not yours to give"},
		"holds one of two":                       {authority([]string{"orders.read"}), wanting("orders.read", "orders.write"), "The scope orders.write is not yours"},
		"policies do not count for a plain one":  {authority(nil, "shop:orders:read", manage), read, "The scope orders.read is not yours"},
		"nothing is said about it":               {tokens.Authority{Environment: "prod", Owner: "alice"}, read, "The scope orders.read is not yours"},
		"administrator":                          {administers(authority(nil)), wanting("orders.read", "orders.write"), ""},
		"administrator, uncreatable":             {administers(authority(nil)), wanting("OldExport"), "cannot be given to a new token"},
		"administrator, cluster":                 {administers(authority(nil)), wanting("NodeControl"), "for cluster tokens only"},
		"administrator who acts for a user":      {administers(acts(authority(nil))), read, "lacks the permission " + manage},
		"user, granted by policies":              {acts(authority(nil, manage, "orders:read")), read, ""},
		"user, held but not granted":             {acts(authority([]string{"orders.read"}, manage)), read, "The scope orders.read is not yours"},
		"user, granted but no manager":           {acts(authority(nil, "orders:read", viewer)), read, "lacks the permission " + manage},
		"personal caller is a user in any case":  {isPersonal(authority([]string{"orders.read"}, manage)), read, "The scope orders.read is not yours"},
		"scope that no policy grants":            {acts(authority([]string{"parcels.read"}, manage, viewer)), wanting("parcels.read"), "The scope parcels.read is not yours"},
		"personal by a plain token":              {authority([]string{"orders.read"}), personal, ""},
		"personal by a user who holds it":        {isPersonal(authority([]string{"orders.read"}, viewer)), personal, ""},
		"personal by a user who is granted it":   {acts(authority(nil, viewer, "shop:orders:read")), personal, ""},
		"personal, scope without policies, held": {isPersonal(authority([]string{"parcels.read"}, viewer)), parcels, ""},
		"personal by a user without view":        {isPersonal(authority([]string{"orders.read"}, manage)), personal, "lacks the permission " + viewer},
		"personal, not held":                     {isPersonal(authority(nil, viewer)), personal, "The scope orders.read is not yours"},
	} {
		t.Run(name, func(t *testing.T) {
			o := limitedOffice(t, nil)
			request := test.request
			// What only the command line may ask for has no effect.
			request.Owner, request.Environment, request.Prefix = "mallory", "test", "dt0s16"
			request.Administrator, request.Cluster, request.AllowUncreatable = true, true, true
			created, err := o.Within(test.by).Create(t.Context(), request)
			if test.refused != "" {
				if err == nil || !strings.Contains(fault.Public(err), test.refused) || len(o.store.Events()) != 1 {
					t.Fatalf("made %s, error %v", created.Record.ID, err)
				}
				if kind := fault.KindOf(err); kind != fault.Forbidden && partNames(err) == nil {
					t.Errorf("kind %v", kind)
				}
				return
			}
			r := created.Record
			if err != nil || r.Owner != "alice" || r.Environment != "prod" || r.Administrator || r.Cluster || !strings.HasPrefix(r.ID, "dt0c01.") {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func TestLimitedCreateSaysWhatIsWrongFirst(t *testing.T) {
	o := limitedOffice(t, nil)
	noOwner := authority([]string{"orders.read"})
	noOwner.Owner = ""
	elsewhere := authority([]string{"orders.read"})
	elsewhere.Environment = "test"
	personal := wanting("orders.read")
	personal.Personal = true
	for name, test := range map[string]struct {
		by      tokens.Authority
		request tokens.CreateRequest
		want    []string
	}{
		"before rights":           {authority(nil), wanting("orders.write", "nosuch"), []string{"scopes[1]"}},
		"personal without owner":  {noOwner, personal, []string{"personalAccessToken"}},
		"personal, switched off":  {elsewhere, personal, []string{"personalAccessToken"}},
		"no environment, nowhere": {tokens.Authority{Owner: "alice", Administrator: true}, wanting("orders.read"), []string{"environment"}},
	} {
		_, err := o.Within(test.by).Create(t.Context(), test.request)
		if diff := cmp.Diff(test.want, partNames(err)); diff != "" || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// Attack: the policies cannot be asked at the moment. Invariant: a fault gives nothing away.
func TestLimitedCreateWhilePoliciesAreAway(t *testing.T) {
	o := limitedOffice(t, nil)
	a := authority([]string{"orders.read"})
	a.ActsForUser = true
	a.Permits = func(context.Context, string) (bool, error) { return true, errDown }
	_, err := o.Within(a).Create(t.Context(), wanting("orders.read"))
	if fault.KindOf(err) != fault.Unavailable || !errors.Is(err, errDown) || len(o.store.Events()) != 1 {
		t.Errorf("%v", err)
	}
}

// Attack: a caller adds to an existing token, perhaps its own, what it could not give to a new one; or changes a token
// that is none of its business.
// Fix: the rules of creation hold for what is added; what a caller may not know of does not exist for it.
// Invariant: no update gives anybody more than a creation would.
func TestLimitedUpdate(t *testing.T) {
	const manage = "environment:roles:manage-settings"
	acts := func(a tokens.Authority) tokens.Authority { a.ActsForUser = true; return a }
	isPersonal := func(a tokens.Authority) tokens.Authority { a.Personal = true; return a }
	personal := func(r *tokens.Record) { r.Personal = true }
	ofBob := func(r *tokens.Record) { r.Owner = "bob" }
	personalOfBob := func(r *tokens.Record) { r.Personal, r.Owner = true, "bob" }
	add := func(scopes ...string) tokens.Update { return tokens.Update{Scopes: &scopes} }
	rename := tokens.Update{Name: new("renamed")}
	for name, test := range map[string]struct {
		by     tokens.Authority
		token  func(*tokens.Record)
		update tokens.Update
		want   string // "" where it is done
	}{
		"rename":                              {authority(nil), nil, rename, ""},
		"of another owner":                    {authority(nil), ofBob, rename, ""},
		"add what it holds":                   {authority([]string{"orders.write"}), nil, add("orders.read", "orders.write"), ""},
		"add what it lacks":                   {authority([]string{"orders.read"}), nil, add("orders.read", "orders.write"), "The scope orders.write is not yours"},
		"to itself":                           {authority([]string{"orders.read"}), func(r *tokens.Record) { r.ID = callerID }, add("orders.write"), "The scope orders.write is not yours"},
		"keep what it lacks":                  {authority(nil), nil, add("orders.read"), ""},
		"another environment":                 {authority(nil), func(r *tokens.Record) { r.Environment = "test" }, rename, "no such token"},
		"ActiveGate token":                    {authority(nil), func(r *tokens.Record) { r.ID = "dt0g02.ABCD2345" }, rename, "no such token"},
		"platform token":                      {authority(nil), func(r *tokens.Record) { r.ID = "dt0s16.ABCD" }, rename, "no such token"},
		"old format":                          {authority(nil), func(r *tokens.Record) { r.ID, r.Legacy = "a6e91657-1fa7-4742-af40-39469b92bd65", true }, rename, ""},
		"administrator's":                     {authority(nil), func(r *tokens.Record) { r.Administrator = true }, rename, "is an administrator's"},
		"administrator's, disabled":           {authority(nil), func(r *tokens.Record) { r.Administrator = true }, tokens.Update{Enabled: new(false)}, "is an administrator's"},
		"cluster token, rename":               {authority(nil), func(r *tokens.Record) { r.Cluster = true }, rename, ""},
		"cluster token, add what it holds":    {authority([]string{"orders.write"}), func(r *tokens.Record) { r.Cluster = true }, add("orders.read", "orders.write"), "is a cluster token"},
		"disable itself":                      {authority(nil), func(r *tokens.Record) { r.ID = callerID }, tokens.Update{Enabled: new(false)}, "cannot disable itself"},
		"enable itself":                       {authority(nil), func(r *tokens.Record) { r.ID = callerID }, tokens.Update{Enabled: new(true)}, ""},
		"personal caller, own personal":       {isPersonal(authority(nil)), personal, rename, ""},
		"personal caller, add held":           {isPersonal(authority([]string{"parcels.read"})), personal, add("orders.read", "parcels.read"), ""},
		"personal caller, add no personal":    {isPersonal(authority([]string{"orders.write"})), personal, add("orders.write"), "A personal token cannot have"},
		"personal caller, another's":          {isPersonal(authority(nil, manage)), personalOfBob, rename, "no such token"},
		"personal caller without an owner":    {func() tokens.Authority { a := isPersonal(authority(nil)); a.Owner = ""; return a }(), func(r *tokens.Record) { r.Owner = "" }, rename, "no such token"},
		"personal caller, own plain":          {isPersonal(authority(nil)), nil, rename, "lacks the permission " + manage},
		"personal caller, own plain, add":     {isPersonal(authority([]string{"orders.write"}, manage)), nil, add("orders.read", "orders.write"), "The scope orders.write is not yours"},
		"personal caller, own plain, granted": {isPersonal(authority(nil, manage, "shop:orders:write")), nil, add("orders.read", "orders.write"), ""},
		"user, another's personal":            {acts(authority(nil)), personalOfBob, rename, "lacks the permission " + manage},
		"user, another's personal, manager":   {acts(authority(nil, manage)), personalOfBob, rename, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := limitedOffice(t, nil)
			id := o.put(test.token)
			before, _ := o.Show(t.Context(), id)
			err := o.Within(test.by).Update(t.Context(), id, test.update)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			after, _ := o.Show(t.Context(), id)
			if err == nil || !strings.Contains(fault.Public(err), test.want) || !cmp.Equal(before, after) || len(o.store.Events()) != 1 {
				t.Errorf("%v, %+v", err, after)
			}
		})
	}
}

// Attack: while the policies are asked whether scope A may be kept beside B, an administrator takes A away; the update
// brings it back although nobody was asked whether the caller may give it.
// Fix: the record is looked at again within the transaction, and rights are asked anew where it has changed.
// Invariant: rights are judged by the record that is changed.
func TestLimitedUpdateIsNotOutrun(t *testing.T) {
	o := limitedOffice(t, nil)
	id := o.put(func(r *tokens.Record) { r.Scopes = []string{"orders.read", "orders.write"} })
	a := authority(nil, "environment:roles:manage-settings")
	a.ActsForUser = true
	asked, permits := 0, a.Permits
	a.Permits = func(ctx context.Context, permission string) (bool, error) {
		if asked++; asked == 1 {
			if err := o.Update(ctx, "cli:root", id, tokens.Update{Scopes: &[]string{"orders.read"}}); err != nil {
				t.Error(err)
			}
		}
		return permits(ctx, permission)
	}
	err := o.Within(a).Update(t.Context(), id, tokens.Update{Scopes: &[]string{"orders.read", "orders.write"}})
	if r, _ := o.Show(t.Context(), id); fault.KindOf(err) != fault.Forbidden || len(r.Scopes) != 1 {
		t.Errorf("%v, %v", r.Scopes, err)
	}
	// One who changes the token each time is not waited for without end.
	a.Permits = func(ctx context.Context, permission string) (bool, error) {
		r, _ := o.Show(ctx, id)
		r.Owner += "x"
		o.store.Put(r)
		return permits(ctx, permission)
	}
	if err := o.Within(a).Update(t.Context(), id, tokens.Update{Name: new("mine")}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("without end: %v", err)
	}
}

// Attack: a caller lists, counts, shows or looks up what is in another environment, of another owner, or of another kind.
// Invariant: it does not exist for the caller, whatever the query asks for.
func TestLimitedReads(t *testing.T) {
	o := limitedOffice(t, nil)
	for id, edit := range map[string]func(*tokens.Record){
		"dt0c01.ALICE":    nil,
		"dt0c01.PERSONAL": func(r *tokens.Record) { r.Personal = true },
		"dt0c01.BOB":      func(r *tokens.Record) { r.Owner = "bob" },
		"dt0c01.NOBODY":   func(r *tokens.Record) { r.Owner = "" },
		"dt0c01.TEST":     func(r *tokens.Record) { r.Environment = "test" },
		"dt0s16.PLATFORM": nil,
		"dt0g02.GATE2345": func(r *tokens.Record) { r.ActiveGate = "CLUSTER" },
		"dt0g02.TEST2345": func(r *tokens.Record) { r.ActiveGate, r.Environment = "CLUSTER", "test" },
	} {
		o.put(func(r *tokens.Record) {
			r.ID = id
			if edit != nil {
				edit(r)
			}
		})
	}
	plain, personal, lost, nowhere := authority(nil), authority(nil), authority(nil), authority(nil)
	personal.Personal, lost.Personal, lost.Owner, nowhere.Environment = true, true, "", ""
	everything := tokens.Query{Environment: "test", Kind: "dt0s16", IDPrefix: "dt0"}
	for name, test := range map[string]struct {
		by           tokens.Authority
		access, gate []string
	}{
		"plain":    {plain, []string{"ALICE", "BOB", "NOBODY", "PERSONAL"}, []string{"GATE2345"}},
		"personal": {personal, []string{"ALICE", "PERSONAL"}, []string{"GATE2345"}},
		"lost":     {lost, nil, nil},
		"nowhere":  {nowhere, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			l, ctx := o.Within(test.by), t.Context()
			access, err := l.List(ctx, everything)
			n, err2 := l.Count(ctx, everything)
			if diff := cmp.Diff(test.access, ends(access)); diff != "" || n != len(test.access) || err != nil || err2 != nil {
				t.Errorf("access tokens: %d, %v, %v (-want +got):\n%s", n, err, err2, diff)
			}
			gates, err := l.ListActiveGates(ctx, everything)
			n, err2 = l.CountActiveGates(ctx, everything)
			if diff := cmp.Diff(test.gate, ends(gates)); diff != "" || n != len(test.gate) || err != nil || err2 != nil {
				t.Errorf("ActiveGate tokens: %d, %v, %v (-want +got):\n%s", n, err, err2, diff)
			}
			for _, id := range []string{"dt0c01.ALICE", "dt0c01.BOB", "dt0c01.NOBODY", "dt0c01.TEST", "dt0s16.PLATFORM", "dt0g02.GATE2345", "dt0g02.TEST2345"} {
				_, end, _ := strings.Cut(id, ".")
				_, err := l.Show(ctx, id)
				_, gateErr := l.ShowActiveGate(ctx, id)
				if (err == nil) != slices.Contains(test.access, end) || (gateErr == nil) != slices.Contains(test.gate, end) {
					t.Errorf("%s: %v, %v", id, err, gateErr)
				}
				for _, err := range []error{err, gateErr} {
					if err != nil && fault.KindOf(err) != fault.NotFound {
						t.Errorf("%s: %v", id, err)
					}
				}
			}
		})
	}
	if page, err := o.Within(personal).List(t.Context(), tokens.Query{Owner: "bob"}); len(page) != 0 || err != nil {
		t.Errorf("another's tokens: %v, %v", ends(page), err)
	}
}

// ends are the public parts of identifiers, sorted.
func ends(page []tokens.Record) []string {
	var ends []string
	for _, r := range page {
		_, end, _ := strings.Cut(r.ID, ".")
		ends = append(ends, end)
	}
	slices.Sort(ends)
	return ends
}

func TestLimitedLookup(t *testing.T) {
	o := limitedOffice(t, nil)
	text := tokens.NewSecret("dt0c01." + public24 + "." + secret64)
	o.put(func(r *tokens.Record) { r.Owner, r.Personal = "bob", true })
	personal, elsewhere := authority(nil), authority(nil)
	personal.Personal, elsewhere.Environment = true, "test"
	if r, err := o.Within(personal).Lookup(t.Context(), text); err != nil || r.Owner != "bob" {
		t.Errorf("%v, %v", r.ID, err)
	}
	if r, err := o.Within(elsewhere).Lookup(t.Context(), text); fault.KindOf(err) != fault.NotFound || r.ID != "" {
		t.Errorf("another environment: %v, %v", r.ID, err)
	}
}

// Attack: a token is deleted by guessing the secret of it, by a caller that may not change it, or the secret that names it
// ends up in the audit trail. Invariant: the whole text names a token only when it is right, and nothing keeps it.
func TestLimitedDelete(t *testing.T) {
	const manage = "environment:roles:manage-settings"
	text := "dt0c01." + public24 + "." + secret64
	uuid := "a6e91657-1fa7-4742-af40-39469b92bd65"
	acts := authority(nil)
	acts.ActsForUser = true
	manager := authority(nil, manage)
	manager.ActsForUser = true
	personal := authority(nil)
	personal.Personal = true
	legacy := func(r *tokens.Record) { r.ID, r.Legacy, r.Digest = uuid, true, tokens.DigestOf(legacyText) }
	for name, test := range map[string]struct {
		by    tokens.Authority
		token func(*tokens.Record)
		named string
		want  string // "" where it is deleted
	}{
		"by identifier":                {authority(nil), nil, text[:31], ""},
		"by its text":                  {authority(nil), nil, text, ""},
		"wrong secret":                 {authority(nil), nil, text[:95] + flip(text[95]), "no such token"},
		"cut secret":                   {authority(nil), nil, text[:95], "no such token"},
		"empty":                        {authority(nil), nil, "", "no such token"},
		"old format by identifier":     {authority(nil), legacy, uuid, ""},
		"old format by its text":       {authority(nil), legacy, legacyText, ""},
		"old format, wrong text":       {authority(nil), legacy, legacyText + "x", "no such token"},
		"itself":                       {authority(nil), func(r *tokens.Record) { r.ID = callerID }, callerID, "cannot delete itself"},
		"another environment":          {authority(nil), func(r *tokens.Record) { r.Environment = "test" }, text, "no such token"},
		"administrator's":              {authority(nil), func(r *tokens.Record) { r.Administrator = true }, text, "is an administrator's"},
		"user":                         {acts, nil, text, "lacks the permission " + manage},
		"user, manager":                {manager, nil, text, ""},
		"personal caller, own":         {personal, func(r *tokens.Record) { r.Personal = true }, text, ""},
		"personal caller, another's":   {personal, func(r *tokens.Record) { r.Personal, r.Owner = true, "bob" }, text, "no such token"},
		"ActiveGate token":             {authority(nil), func(r *tokens.Record) { r.ID = "dt0g02.ABCD2345" }, "dt0g02.ABCD2345", "no such token"},
		"ActiveGate token by its text": {authority(nil), func(r *tokens.Record) { r.ID = "dt0g02.ABCD2345" }, "dt0g02.ABCD2345." + secret64, "no such token"},
	} {
		t.Run(name, func(t *testing.T) {
			o := limitedOffice(t, nil)
			id := o.put(test.token)
			err := o.Within(test.by).Delete(t.Context(), test.named)
			_, missing := o.Show(t.Context(), id)
			if (missing != nil) != (test.want == "") || err != nil && !strings.Contains(fault.Public(err), test.want) {
				t.Errorf("error %v, then %v", err, missing)
			}
			for _, e := range o.store.Events() {
				if said := e.Object + e.Detail + e.Patch + e.Message; strings.Contains(said, secret64[:40]) || strings.Contains(said, legacyText) {
					t.Error("the audit trail has the secret")
				}
			}
			if err != nil && (strings.Contains(err.Error(), secret64[:40]) || strings.Contains(err.Error(), legacyText)) {
				t.Error("the error shows the secret")
			}
		})
	}
	o := limitedOffice(t, func(c *tokens.ServiceConfig) { c.Random = nil })
	gate, err := o.Within(authority(nil)).CreateActiveGate(t.Context(), tokens.ActiveGateRequest{
		Name: "edge", Type: "CLUSTER", Owner: "mallory", Environment: "test", Expires: now.Add(time.Hour),
	})
	if err != nil || gate.Record.Owner != "alice" || gate.Record.Environment != "prod" {
		t.Fatalf("%+v, %v", gate.Record, err)
	}
	elsewhere := authority(nil)
	elsewhere.Environment = "test"
	for _, test := range []struct {
		by   tokens.Authority
		id   string
		want bool
	}{
		{elsewhere, gate.Record.ID, false}, {authority(nil), gate.Secret.Reveal(), false},
		{authority(nil), gate.Record.ID, true}, {authority(nil), gate.Record.ID, false},
	} {
		if err := o.Within(test.by).DeleteActiveGate(t.Context(), test.id); (err == nil) != test.want || err != nil && fault.KindOf(err) != fault.NotFound {
			t.Errorf("DeleteActiveGate: %v", err)
		}
	}
}

// Attack: what a client names a token by is written down, and is its secret. Invariant: no text that could be a secret
// comes through, and an identifier does.
func FuzzIdentifier(f *testing.F) {
	for _, seed := range []string{"dt0c01." + public24, "dt0c01." + public24 + "." + secret64, legacyText, "a6e91657-1fa7-4742-af40-39469b92bd65", "", "..", "a.b.c.d"} {
		f.Add(seed)
	}
	fs := formats(f)
	f.Fuzz(func(t *testing.T, text string) {
		said := tokens.Identifier(text)
		if tokens.Mask(said) != said {
			t.Fatalf("%q holds the secret of a token", said)
		}
		if p, err := fs.Parse(text); err == nil && said != p.String() {
			t.Fatalf("%q of a token %s", said, p.ID)
		}
	})
}

func TestIdentifier(t *testing.T) {
	for text, want := range map[string]string{
		"dt0c01." + public24: "dt0c01." + public24, "dt0c01." + public24 + "." + secret64: "dt0c01." + public24 + ".***",
		"dt0c01." + public24 + "." + secret64[:12]: "dt0c01." + public24 + ".***", legacyText: "***", "": "***",
		"a6e91657-1fa7-4742-af40-39469b92bd65": "a6e91657-1fa7-4742-af40-39469b92bd65",
	} {
		if got := tokens.Identifier(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Attack: a user whom an issuer vouches for as https://idp.example.com#x@corp.example makes a personal token. Its owner's name
// then has a domain behind the @, which policies would take for one of ours, and the token outlives what the issuer says. Fix:
// such users get no tokens that are good by themselves. Invariant: neither personal nor platform tokens are made for them.
func TestLimited_NoTokensForUsersOfIssuers(t *testing.T) {
	o := limitedOffice(t, nil)
	a := authority([]string{"orders.read"}, "environment:roles:viewer")
	a.ActsForUser, a.Owner = true, "https://idp.example.com#x@corp.example"
	personal := wanting("orders.read")
	personal.Personal = true
	if _, err := o.Within(a).Create(t.Context(), personal); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a personal token: %v", err)
	}
	if _, err := o.Within(a).CreatePlatform(t.Context(), wanting("shop:orders:read")); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a platform token: %v", err)
	}
	a.Owner = "x@corp.example"
	if _, err := o.Within(a).Create(t.Context(), personal); err != nil {
		t.Errorf("one of our own users: %v", err)
	}
}
