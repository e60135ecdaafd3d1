// Package oauthtest_test plays what clients of the token endpoint do, and what attackers do, through a whole gateway.
package oauthtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
)

// site has two accounts. {OPTIONS} are what a test adds to the global options.
const site = `
{
	admin off
	default_bind 127.0.0.1
	auto_https off
	log {
		output file {LOG}
		format doorward json
		level DEBUG
	}
	doorward {
		store sqlite {STORE}
		account acme "Acme Corporation" {
			environment prod "Production" {
				url https://prod.example.com
			}
		}
		account other {
			environment lab
		}
		{OPTIONS}
		endpoint GET /orders {
			oauth_scopes orders:read
			permission settings:objects:read
		}
		endpoint GET /events {
			oauth_scopes orders:read
		}
	}
}
{SITE} {
	log
	doorward
	doorward_api
	reverse_proxy {UPSTREAM} {
		stream_close_delay 5m
	}
}
`

const owner = "alice@example.com"

// ownerIn is the owner of the clients of an account. A user belongs to one account.
func ownerIn(account string) string {
	if account == "acme" {
		return owner
	}
	return "bob@example.com"
}

// desk is a gateway with its administration.
type desk struct {
	*moduletest.Gate
	t       *testing.T
	office  *module.Administration
	key     string   // text of the encryption key; "" for none
	options string   // global options that every config has
	secrets []string // that must not be anywhere
}

// open starts a gateway with an encryption key.
func open(t *testing.T, options string) *desk {
	t.Helper()
	d := &desk{t: t, key: seal.NewKey()}
	file := filepath.Join(t.TempDir(), "key")
	d.must(os.WriteFile(file, []byte(d.key), 0o600))
	d.options = "encryption_key " + file + "\n" + options
	d.start()
	return d
}

func (d *desk) start() {
	d.t.Helper()
	d.Gate = moduletest.Start(d.t, d.site(""))
	d.office = d.Administration()
	d.t.Cleanup(func() { _ = d.office.Close() })
	d.t.Cleanup(d.checkNoSecrets) // runs first
}

func (d *desk) site(more string) string {
	return strings.ReplaceAll(site, "{OPTIONS}", d.options+"\n"+more)
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// credentials are those of a client.
type credentials struct{ id, secret string }

// client makes one from the command line, as it were.
func (d *desk) client(account string, scopes ...string) credentials {
	d.t.Helper()
	created, err := d.office.OAuth2.CreateClient(d.t.Context(), "cli:test", account, oauth2.Attributes{Name: "test", Owner: ownerIn(account), Scopes: scopes})
	d.must(err)
	d.secrets = append(d.secrets, created.Secret.Reveal())
	return credentials{created.Client.ID, created.Secret.Reveal()}
}

// permit gives the owner a policy in an account.
func (d *desk) permit(account, statement string) {
	d.t.Helper()
	ctx, policies, user := d.t.Context(), d.office.Policies, ownerIn(account)
	if _, err := policies.User(ctx, account, user); err != nil {
		_, err = policies.CreateUser(ctx, "cli:test", account, pap.UserAttributes{Email: user})
		d.must(err)
	}
	group, err := policies.CreateGroup(ctx, "cli:test", account, pap.GroupAttributes{Name: "group"})
	d.must(err)
	d.must(policies.AddToGroups(ctx, "cli:test", account, user, []string{group.UUID}))
	policy, _, err := policies.CreatePolicy(ctx, "cli:test", pap.AccountLevel(account), "", pap.PolicyAttributes{Name: "policy", Statement: statement})
	d.must(err)
	_, _, err = policies.Bind(ctx, "cli:test", pap.BindRequest{Level: pap.AccountLevel(account), Policy: policy.UUID, Groups: []string{group.UUID}})
	d.must(err)
}

// answer is one of the gateway's.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request. A form that is not nil is its body.
func (d *desk) do(method, target string, form url.Values, set func(*http.Request)) answer {
	d.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, "http://"+d.Addr+target, body)
	d.must(err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Close = true
	if set != nil {
		set(r)
	}
	response, err := http.DefaultClient.Do(r)
	d.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	d.must(err)
	return answer{response.StatusCode, response.Header, string(text)}
}

// get asks with an access token, or with none.
func (d *desk) get(target, token string) answer {
	d.t.Helper()
	return d.do(http.MethodGet, target, nil, bearer(token))
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
}

// form calls an endpoint of OAuth2 with Basic.
func (d *desk) form(target string, c credentials, form url.Values) answer {
	d.t.Helper()
	return d.do(http.MethodPost, target, form, func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret)) })
}

// token asks for one, for these resources.
func (d *desk) token(c credentials, resources ...string) string {
	d.t.Helper()
	return d.tokenOf(d.form("/sso/oauth2/token", c, url.Values{"grant_type": {"client_credentials"}, "resource": resources}))
}

func (d *desk) tokenOf(a answer) string {
	d.t.Helper()
	var said struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.body), &said); err != nil || a.status != http.StatusOK || said.Token == "" {
		d.t.Fatalf("no token: %d %s", a.status, tokens.Mask(a.body))
	}
	d.secrets = append(d.secrets, said.Token)
	return said.Token
}

// expect wants a status now.
func (d *desk) expect(what string, want int, a answer) {
	d.t.Helper()
	if a.status != want {
		d.t.Errorf("%s: %d %s, want %d", what, a.status, tokens.Mask(a.body), want)
	}
}

// soon wants a status within the time that a change from another process may take.
func (d *desk) soon(what string, want int, ask func() answer) {
	d.t.Helper()
	var a answer
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if a = ask(); a.status == want {
			return
		}
	}
	d.expect(what, want, a)
}

// Attack: a secret is found where it was left behind. Invariant: neither the secret of a client nor the signature of a
// token is in the log or the store.
func (d *desk) checkNoSecrets() {
	d.t.Helper()
	files, err := filepath.Glob(filepath.Join(d.Folder, "*"))
	d.must(err)
	looked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a folder
		}
		looked++
		for i, secret := range d.secrets {
			if strings.Contains(string(text), secret[strings.LastIndexByte(secret, '.')+1:]) {
				d.t.Errorf("%s has secret %d", filepath.Base(file), i)
			}
		}
	}
	if looked < 2 {
		d.t.Error("the log or the store was not found")
	}
}
