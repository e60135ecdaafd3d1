package module_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// issuerSite trusts one issuer, whose block is completed by the test.
const issuerSite = `
{
	admin off
	default_bind 127.0.0.1
	auto_https off
	log {
		output file {LOG}
		format doorward json
	}
	doorward {
		store sqlite {STORE}
		issuer {ISSUER} {
			audience api
			{OPTIONS}
		}
		endpoint GET /scoped {
			oauth_scopes orders:read
		}
		endpoint GET /any {
			any_token
		}
		endpoint GET,POST /orders {
			oauth_scopes orders:read
			permission settings:objects:read
			attribute settings:schemaId claim department
		}
		endpoint GET /events {
			oauth_scopes orders:read
		}
	}
}
{SITE} {
	doorward
	reverse_proxy {UPSTREAM}
}
`

// trusting starts a gate that trusts a new issuer under these options.
func trusting(t *testing.T, options ...string) (*moduletest.Gate, *moduletest.Issuer) {
	t.Helper()
	i := moduletest.NewIssuer(t)
	return moduletest.Start(t, trustingSite(i, options...)), i
}

func trustingSite(i *moduletest.Issuer, options ...string) string {
	return strings.NewReplacer("{ISSUER}", i.URL, "{OPTIONS}", strings.Join(options, "\n")).Replace(issuerSite)
}

type claims = map[string]any

func asBearer(t *testing.T, g *moduletest.Gate, target, token string) func() (*http.Response, string) {
	return func() (*http.Response, string) {
		t.Helper()
		return send(t, g, http.MethodGet, target, "Authorization: Bearer "+token)
	}
}

func expectStatus(t *testing.T, what string, want int, ask func() (*http.Response, string)) {
	t.Helper()
	if response, body := ask(); response.StatusCode != want {
		t.Errorf("%s: got %d %s, want %d", what, response.StatusCode, body, want)
	}
}

func TestIssuerTokenIsAdmitted(t *testing.T) {
	g, i := trusting(t)
	expectStatus(t, "a good token", 200, asBearer(t, g, "/scoped", i.Sign(claims{"scope": "orders:read", "jti": "a-1"})))
	seen := g.Upstream.Seen()
	if len(seen) != 1 {
		t.Fatalf("the upstream saw %d requests, want 1", len(seen))
	}
	for name, want := range map[string]string{
		"X-Doorward-User": i.URL + "#alice", "X-Doorward-Token-Id": "jwt:a-1", "X-Doorward-Scopes": "orders:read",
		"X-Doorward-Environment": "default", "Authorization": "",
	} {
		if got := seen[0].Header.Get(name); got != want {
			t.Errorf("the upstream got %s %q, want %q", name, got, want)
		}
	}
}

// A jti is the issuer's own text. One that could pass for something else is not repeated, and a token without any is
// still told apart from others.
func TestIssuerTokenIsNamed(t *testing.T) {
	g, i := trusting(t)
	named := map[string]bool{}
	for _, id := range []any{nil, "dt0c01.AAAAAAAAAAAAAAAAAAAAAAAA", "with blank", strings.Repeat("x", 129)} {
		expectStatus(t, "a token", 200, asBearer(t, g, "/scoped", i.Sign(claims{"scope": "orders:read", "jti": id})))
		name := g.Upstream.Seen()[0].Header.Get("X-Doorward-Token-Id")
		if !strings.HasPrefix(name, "jwt:") || len(name) != len("jwt:")+32 || named[name] {
			t.Errorf("jti %v is shown as %q", id, name)
		}
		named[name] = true
	}
}

// Attack: every way to be let in by a token that the issuer did not make for us: one that it signed for another service
// or long ago; one that a stranger signed, under the issuer's key identifier or another; one whose algorithm makes the
// public key a password; one of another issuer. Fix: tokens/jwt, wired in without a way around it. Invariant: nothing
// reaches the upstream, and every client is told the same bytes.
func TestIssuerTokenIsRefused(t *testing.T) {
	g, i := trusting(t)
	stranger := moduletest.NewIssuer(t)
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, id := i.Published()
	password, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	good := i.Sign(claims{"scope": "orders:read"})
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	_, otherRest, _ := strings.Cut(i.Sign(claims{"scope": "orders:write"}), ".")
	otherPayload, _, _ := strings.Cut(otherRest, ".")
	const none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0" // {"alg":"none","typ":"at+jwt"}
	for _, test := range []struct{ name, authorization, cause string }{
		{"another audience", "Bearer " + i.Sign(claims{"aud": "other"}), "wrong_audience"},
		{"no audience", "Bearer " + i.Sign(claims{"aud": nil}), "wrong_audience"},
		{"expired", "Bearer " + i.Sign(claims{"exp": time.Now().Add(-time.Second).Unix()}), "expired"},
		{"without end", "Bearer " + i.Sign(claims{"exp": nil}), "bad_claim"},
		{"without user", "Bearer " + i.Sign(claims{"sub": nil}), "bad_claim"},
		{"unknown key", "Bearer " + i.SignAs(jose.ES256, own, "another", nil), "unknown_key"},
		{"a stranger's key under a known name", "Bearer " + i.SignAs(jose.ES256, own, id, nil), "bad_signature"},
		{"the public key as a password", "Bearer " + i.SignAs(jose.HS256, password, id, nil), "wrong_algorithm"},
		{"unsigned", "Bearer " + none + "." + payload + "." + signature, "wrong_algorithm"},
		{"claims exchanged", "Bearer " + head + "." + otherPayload + "." + signature, "bad_signature"},
		{"another issuer", "Bearer " + stranger.Sign(claims{"scope": "orders:read"}), "untrusted_issuer"},
		{"not a token", "Bearer eyJ.e30.AAAAAAAA", "malformed"},
		{"under Api-Token", "Api-Token " + good, "malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, body := send(t, g, http.MethodGet, "/scoped", "Authorization: "+test.authorization)
			if response.StatusCode != http.StatusUnauthorized || body != `{"error":{"code":401,"message":"Token Authentication failed"}}` {
				t.Errorf("got %d %s", response.StatusCode, body)
			}
			logs := g.Logs()
			if last := logs[strings.LastIndex(logs, `"refused"`):]; !strings.Contains(last, `"cause":"`+test.cause+`"`) {
				t.Errorf("the log lacks the cause %s: %s", test.cause, last)
			}
		})
	}
	if seen := g.Upstream.Seen(); len(seen) != 0 {
		t.Errorf("the upstream saw %v", seen)
	}
	if strings.Contains(g.Logs(), signature) {
		t.Error("the log holds a signature")
	}
}

func TestWithoutIssuers(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	stranger := moduletest.NewIssuer(t)
	expectStatus(t, "a JWT", 401, asBearer(t, g, query, stranger.Sign(nil)))
	if n := stranger.Fetches.Load(); n != 0 {
		t.Errorf("a stranger was asked for keys %d times", n)
	}
}

// A token that names its scopes is held to them, also where it names none; one that does not say is left to policies, and
// only where they can be asked.
func TestIssuerTokenScopes(t *testing.T) {
	g, i := trusting(t)
	o := newOffice(t, g)
	it := claims{"groups": o.groups["IT"]}
	with := func(name string, value any) string {
		all := claims{name: value}
		for k, v := range it {
			all[k] = v
		}
		return i.Sign(all)
	}
	o.bind(o.policy("orders", "ALLOW settings:objects:read;"), "IT")
	answersWith(t, 200, asBearer(t, g, "/orders", with("scope", "orders:read")))
	for _, test := range []struct {
		name, target, token string
		want                int
	}{
		{"scope and policy", "/orders", with("scope", "orders:read other"), 200},
		{"scope, no policy", "/orders", i.Sign(claims{"scope": "orders:read"}), 403},
		{"policy, another scope", "/orders", with("scope", "other"), 403},
		{"policy, no scope at all", "/orders", with("scope", ""), 403},
		{"policy, nothing said of scopes", "/orders", with("scope", nil), 200},
		{"no policy, nothing said of scopes", "/orders", i.Sign(nil), 403},
		{"scope, no permission to ask for", "/scoped", i.Sign(claims{"scope": "orders:read"}), 200},
		{"nothing said of scopes, no permission to ask for", "/scoped", with("scope", nil), 403},
		{"scopes, any token", "/any", i.Sign(claims{"scope": "other"}), 200},
		{"nothing said of scopes, any token", "/any", with("scope", nil), 403},
	} {
		expectStatus(t, test.name, test.want, asBearer(t, g, test.target, test.token))
	}
}

// Groups of a token are groups here by a federated value or by their identifier, and follow changes of both; a DENY
// reaches them too.
func TestIssuerTokenGroups(t *testing.T) {
	g, i := trusting(t)
	o := newOffice(t, g)
	made, err := o.Policies.CreateGroup(t.Context(), "test", o.Account, pap.GroupAttributes{Name: "Toys", FederatedValues: []string{"toys", "cafe\u0301"}})
	o.check(err)
	o.groups["Toys"] = made.UUID
	elsewhere, err := o.Policies.CreateGroup(t.Context(), "test", "another", pap.GroupAttributes{Name: "Toys", FederatedValues: []string{"foreign", "toys"}})
	o.check(err)
	of := func(groups ...string) func() (*http.Response, string) {
		return asBearer(t, g, "/orders", i.Sign(claims{"groups": groups}))
	}
	o.bind(o.policy("orders", "ALLOW settings:objects:read;"), "Toys")
	answersWith(t, 200, of("toys"))
	for _, test := range []struct {
		name   string
		groups []string
		want   int
	}{
		{"by identifier", []string{made.UUID}, 200},
		{"one of several", []string{"nothing", "toys", "toys"}, 200},
		{"in another Unicode form", []string{"caf\u00e9"}, 200},
		{"in another case", []string{"Toys"}, 403},
		{"by the name that the group has here", []string{"IT"}, 403},
		{"a group of another account", []string{elsewhere.UUID, "foreign"}, 403},
		{"none", nil, 403},
	} {
		expectStatus(t, test.name, test.want, of(test.groups...))
	}

	_, err = o.Policies.UpdateGroup(t.Context(), "test", o.Account, o.groups["Sales"], pap.GroupAttributes{Name: "Sales", FederatedValues: []string{"suspended"}})
	o.check(err)
	o.bind(o.policy("stop", "DENY settings:objects:read;"), "Sales")
	answersWith(t, 403, of("toys", "suspended"))
	expectStatus(t, "the others", 200, of("toys"))

	_, err = o.Policies.UpdateGroup(t.Context(), "test", o.Account, made.UUID, pap.GroupAttributes{Name: "Toys"})
	o.check(err)
	answersWith(t, 403, of("toys"))
}

// Attack: a partner's login lets anybody choose a name, and somebody chooses that of an employee, or a name under the
// employer's domain. Fix: users of issuers are known with their issuer, and no domain of theirs is. Invariant: what is
// bound to a local user, by membership, name or domain, is nobody else's unless the operator says that they are one.
func TestIssuersUserIsNotTheLocalOne(t *testing.T) {
	g, i := trusting(t, "user_claim email")
	o := newOffice(t, g)
	asked := asBearer(t, g, "/orders", i.Sign(claims{"email": "it@example.com"}))
	other := asBearer(t, g, "/orders", i.Sign(claims{"email": "it@example.com", "groups": o.groups["Sales"]}))
	third := asBearer(t, g, "/orders", i.Sign(claims{"email": "third@example.com", "groups": o.groups["Sales"]}))
	o.bind(o.policy("members", "ALLOW settings:objects:read;"), "IT")
	o.bind(o.policy("by name", `ALLOW settings:objects:read WHERE global:userId = "it@example.com";`), "Sales")
	o.bind(o.policy("by domain", `ALLOW settings:objects:read WHERE global:usernameDomain = "example.com";`), "Sales")
	o.bind(o.policy("by full name", `ALLOW settings:objects:read WHERE global:userId = "`+i.URL+`#third@example.com";`), "Sales")
	answersWith(t, 200, third)
	expectStatus(t, "a member's name", 403, asked)
	expectStatus(t, "a name in a policy", 403, other)

	g.Load(trustingSite(i, "user_claim email", "local_users"))
	answersWith(t, 200, asked)
	expectStatus(t, "a name in a policy", 200, other)
	if seen := g.Upstream.Seen(); seen[len(seen)-1].Header.Get("X-Doorward-User") != "it@example.com" {
		t.Errorf("the upstream was told of %q", seen[len(seen)-1].Header.Get("X-Doorward-User"))
	}
}

// A claim is an attribute of the request, and only the issuer can set it.
func TestIssuerClaimIsAnAttribute(t *testing.T) {
	g, i := trusting(t)
	o := newOffice(t, g)
	of := func(department any) func() (*http.Response, string) {
		return asBearer(t, g, "/orders?department=toys", i.Sign(claims{"groups": o.groups["IT"], "department": department}))
	}
	o.bind(o.policy("toys", `ALLOW settings:objects:read WHERE settings:schemaId = "toys";`), "IT")
	answersWith(t, 200, of("toys"))
	for _, department := range []any{"books", nil, "", claims{"toys": "toys"}, []any{"toys", claims{}}} {
		expectStatus(t, "another department", 403, of(department))
	}
	expectStatus(t, "several departments, one not permitted", 403, of([]string{"toys", "books"}))
	// A token of the store carries no claims, so no condition on one holds.
	_, personal := g.Mint("dt0s16", tokens.Attributes{Owner: "it@example.com", Personal: true, Scopes: []string{"orders:read"}})
	expectStatus(t, "a token without claims", 403, asBearer(t, g, "/orders", personal))
}

func TestIssuerEnvironments(t *testing.T) {
	type ask struct {
		claims claims
		target string
		want   int
	}
	scope := func(environment any) claims { return claims{"scope": "orders:read", "env": environment} }
	for _, test := range []struct {
		name, options string
		asks          []ask
	}{
		{"by default", "", []ask{{scope(nil), "/scoped", 200}, {scope("staging"), "/e/staging/scoped", 401}}},
		{"listed", "environments staging test", []ask{
			{scope(nil), "/e/staging/scoped", 200}, {scope(nil), "/e/test/scoped", 200}, {scope(nil), "/scoped", 401},
		}},
		{"claimed", "environment_claim env", []ask{
			{scope("staging"), "/e/staging/scoped", 200}, {scope("staging"), "/scoped", 401}, {scope(nil), "/scoped", 401},
		}},
		{"claimed and listed", "environment_claim env\nenvironments staging", []ask{
			{scope("staging"), "/e/staging/scoped", 200}, {scope("default"), "/scoped", 401}, {scope("test"), "/e/staging/scoped", 401},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g, i := trusting(t, test.options)
			for _, a := range test.asks {
				expectStatus(t, a.target, a.want, asBearer(t, g, a.target, i.Sign(a.claims)))
			}
		})
	}
}
