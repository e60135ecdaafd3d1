package oauth2_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
	"github.com/doorward/doorward/tokens/oauth2"
	"github.com/doorward/doorward/tokens/oauth2/oauth2test"
	"github.com/doorward/doorward/tokens/scope"
)

const (
	account      = "12a34567-8901-4bc3-9123-0131da2eeddf"
	otherAccount = "99999999-8901-4bc3-9123-0131da2eeddf"
	issuerURL    = "https://sso.doorward.test"
	owner        = "ann@example.org"
)

// nine is what the IAM command-line tool asks for.
var nine = strings.Fields("account-idm-read account-idm-write iam-policies-management account-env-read iam:policies:write " +
	"iam:policies:read iam:bindings:write iam:bindings:read iam:effective-permissions:read")

var start = time.Date(2026, 11, 22, 12, 0, 0, int(700*time.Millisecond), time.UTC)

// office is a whole authorization server over a store in memory, with a clock that is set by hand.
type office struct {
	t          testing.TB
	now        time.Time
	store      *oauth2test.Memory
	service    *oauth2.Service
	keys       *oauth2.Keys
	revoked    *oauth2.Revocations
	operations []rest.Operation
	caller     rest.Caller
	answers    []string // all of them, to be searched for secrets
}

func catalog(t testing.TB) *scope.Catalog {
	var all []scope.Scope
	for _, name := range append([]string{"storage:logs:read"}, nine...) {
		all = append(all, scope.Scope{Value: name})
	}
	c, err := scope.NewCatalog(all...)
	must(t, err)
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sealer(t testing.TB, first byte) *seal.Sealer {
	s, err := seal.New(append([]byte{first}, make([]byte, seal.KeySize-1)...))
	must(t, err)
	return s
}

func newOffice(t testing.TB) *office {
	t.Helper()
	o := &office{t: t, now: start, store: &oauth2test.Memory{}, caller: rest.Caller{TokenID: "dt0c01.ADMIN", Administrator: true, User: "root@example.org"}}
	o.revoked = oauth2.NewRevocations(o.store)
	now := func() time.Time { return o.now }
	o.service = oauth2.NewService(oauth2.ServiceConfig{
		Store: o.store, Scopes: catalog(t), Revoked: o.revoked, Now: now, OnError: func(err error) { t.Error(err) },
	})
	var err error
	o.keys, err = oauth2.NewKeys(oauth2.KeysConfig{Store: o.store, Sealer: sealer(t, 1)})
	must(t, err)
	o.maintain()
	o.operations = oauth2.Operations(oauth2.Config{
		Service: o.service, Keys: o.keys, Revoked: o.revoked, Scopes: catalog(t), Issuer: issuerURL, Now: now,
		EnvironmentOf: func(environment string) (string, bool) {
			of, ok := map[string]string{"abc12345": account, "def67890": account, "zzz99999": otherAccount}[environment]
			return of, ok
		},
	})
	return o
}

func (o *office) maintain() {
	o.t.Helper()
	must(o.t, o.keys.Maintain(o.t.Context(), o.now))
	must(o.t, o.revoked.Maintain(o.t.Context(), o.now))
}

// client makes one with these scopes; none: the nine.
func (o *office) client(account string, scopes ...string) oauth2.Created {
	o.t.Helper()
	if scopes == nil {
		scopes = nine
	}
	created, err := o.service.CreateClient(o.t.Context(), "cli:root", account, oauth2.Attributes{Name: "ci", Owner: owner, Scopes: scopes})
	must(o.t, err)
	return created
}

// send calls an operation as the gate would.
func (o *office) send(method, path string, header http.Header, body string) *httptest.ResponseRecorder {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), method, "https://gate.test"+path, strings.NewReader(body))
	if header != nil {
		r.Header = header
	}
	r.RemoteAddr = "192.0.2.7:4711"
	w := httptest.NewRecorder()
	for _, operation := range o.operations {
		parameters, ok := match(operation.Path, r.URL.Path)
		if !ok || operation.Method != method {
			continue
		}
		call := &rest.Call{
			Request: r, Caller: o.caller, Account: account, BaseURL: "https://gate.test",
			Param: func(name string) string { return parameters[name] },
		}
		if err := operation.Serve(w, call); err != nil {
			o.answers = append(o.answers, err.Error())
			rest.WriteError(w, rest.Envelope, rest.Of(err))
		}
		o.answers = append(o.answers, w.Body.String())
		return w
	}
	o.t.Fatalf("no operation %s %s", method, path)
	return nil
}

func match(template, path string) (map[string]string, bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	parameters := map[string]string{}
	if len(want) != len(got) {
		return nil, false
	}
	for i := range want {
		if name, ok := strings.CutPrefix(want[i], "{"); ok {
			parameters[strings.TrimSuffix(name, "}")] = got[i]
		} else if want[i] != got[i] {
			return nil, false
		}
	}
	return parameters, true
}

const formType = "application/x-www-form-urlencoded"

// form posts parameters under Basic credentials; "" for none.
func (o *office) form(path, basic, body string) *httptest.ResponseRecorder {
	o.t.Helper()
	header := http.Header{"Content-Type": {formType}}
	if basic != "" {
		header.Set("Authorization", basic)
	}
	return o.send(http.MethodPost, path, header, body)
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

func basicOf(c oauth2.Created) string { return basic(c.Client.ID, c.Secret.Reveal()) }

// token asks for a token with these parameters beside the grant, and wants one.
func (o *office) token(c oauth2.Created, parameters string) string {
	o.t.Helper()
	w := o.form("/sso/oauth2/token", basicOf(c), "grant_type=client_credentials"+parameters)
	var answer struct {
		Text string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Text == "" {
		o.t.Fatalf("%d %s", w.Code, w.Body)
	}
	return answer.Text
}

// active asks as a client whether a token is good.
func (o *office) active(as oauth2.Created, text string) bool {
	o.t.Helper()
	w := o.form("/sso/oauth2/introspect", basicOf(as), url.Values{"token": {text}}.Encode())
	var answer struct{ Active bool }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		o.t.Fatalf("%d %s", w.Code, w.Body)
	}
	return answer.Active
}

// claimsOf reads what a token says, without any check.
func claimsOf(t testing.TB, text string) (claims map[string]any) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
	must(t, err)
	must(t, json.Unmarshal(payload, &claims))
	return claims
}

// gate is the verifier of tokens as the gate sets it up for this authorization server.
func (o *office) gate() *jwt.Verifier {
	o.t.Helper()
	v, err := jwt.NewVerifier([]jwt.Issuer{{
		URL: issuerURL, Audiences: []string{"urn:dtaccount:" + account}, Keys: o.keys.Public(),
		Algorithms: []string{"ES256"}, Types: []string{"at+jwt"}, MaxLifetime: oauth2.Lifetime,
	}}, jwt.Options{})
	must(o.t, err)
	o.t.Cleanup(v.Close)
	return v
}

// passes asks the gate about a token.
func (o *office) passes(v *jwt.Verifier, text string) tokens.Refusal {
	o.t.Helper()
	_, refusal, err := v.Verify(o.t.Context(), text, o.now)
	must(o.t, err)
	return refusal
}

func same(t testing.TB, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// leaks looks for a secret part in everything that was answered, recorded or stored.
func (o *office) leaks(secrets ...string) {
	o.t.Helper()
	var all bytes.Buffer
	must(o.t, json.NewEncoder(&all).Encode(o.store.Events()))
	all.WriteString(strings.Join(o.answers, "\n"))
	for _, secret := range secrets {
		if strings.Contains(all.String(), secret) {
			o.t.Errorf("a secret is in %.300s", tokens.Mask(all.String()))
		}
	}
}

func secretPart(c oauth2.Created) string { return c.Secret.Reveal()[len(c.Client.ID)+1:] }
