package oauthtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/tokens/oauth2"
)

func readCloser(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

// revocationBound is how late a revocation may take effect, as the design promises.
const revocationBound = time.Second

// TestRevokedTokens: what is taken back is refused at once on the node where it was, and elsewhere within the bound.
func TestRevokedTokens(t *testing.T) {
	d := open(t, "")
	c := d.client("acme", "account-idm-read")
	first, second := d.token(c), d.token(c)
	d.expect("revoke", http.StatusOK, d.form("/sso/oauth2/revoke", c, url.Values{"token": {first}}))
	d.expect("the revoked token", http.StatusUnauthorized, d.get(clientsOfAcme, first))
	d.expect("another token", http.StatusOK, d.get(clientsOfAcme, second))

	_, err := d.office.OAuth2.RotateSecret(t.Context(), "cli:test", "acme", c.id, oauth2.Rotation{RevokeTokens: true, Overlap: time.Hour}, nil)
	d.must(err)
	since := time.Now()
	d.soon("after all of them were revoked elsewhere", http.StatusUnauthorized, func() answer { return d.get(clientsOfAcme, second) })
	if took := time.Since(since); took > 2*revocationBound { // the machine that tests run on is slow
		t.Errorf("it took %v", took)
	}
	third := d.token(c)
	d.expect("a token from after that", http.StatusOK, d.get(clientsOfAcme, third))
	d.must(d.office.OAuth2.DeleteClient(t.Context(), "cli:test", "acme", c.id))
	d.soon("after the client was deleted elsewhere", http.StatusUnauthorized, func() answer { return d.get(clientsOfAcme, third) })

	d.Load(d.site("cache {\n tokens 17\n }")) // another gate, as after a restart
	for _, token := range []string{first, second, third} {
		d.expect("after a restart", http.StatusUnauthorized, d.get(clientsOfAcme, token))
	}
}

// Attack: a long answer goes on after its token was revoked. Invariant: it is broken off.
func TestStreamOfRevokedToken(t *testing.T) {
	d := open(t, "")
	d.Upstream.Handler = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	c := d.client("acme", "orders:read")
	revoked, deleted := d.stream(d.token(c)), d.stream(d.token(c))
	d.expect("revoke", http.StatusOK, d.form("/sso/oauth2/revoke", c, url.Values{"token": {revoked.token}}))
	revoked.mustEnd(time.Now())
	if deleted.isOver() {
		t.Error("the answer to another token was cut as well")
	}
	d.must(d.office.OAuth2.DeleteClient(t.Context(), "cli:test", "acme", c.id))
	deleted.mustEnd(time.Now())
}

// stream is an answer under way.
type stream struct {
	t     *testing.T
	token string
	over  chan error
}

func (d *desk) stream(token string) *stream {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	d.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.Addr+"/events", nil)
	d.must(err)
	bearer(token)(r)
	response, err := http.DefaultClient.Do(r)
	d.must(err)
	_, err = io.ReadFull(response.Body, make([]byte, len("data: 1\n\n")))
	d.must(err)
	s := &stream{d.t, token, make(chan error, 1)}
	go func() {
		defer response.Body.Close()
		_, err := io.ReadAll(response.Body)
		s.over <- err
	}()
	return s
}

func (s *stream) isOver() bool { return len(s.over) > 0 }

func (s *stream) mustEnd(since time.Time) {
	s.t.Helper()
	err := <-s.over
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		s.t.Errorf("the answer ended with %v, want it broken off", err)
	}
	if took := time.Since(since); took > 2*revocationBound {
		s.t.Errorf("it went on for %v", took)
	}
}

// TestKeys: keys outlive a restart; one that is replaced still counts until its last token has expired, and then no more.
func TestKeys(t *testing.T) {
	d := open(t, "")
	token := d.token(d.client("acme", "account-idm-read"))
	before := d.get("/.well-known/jwks.json", "")
	d.Load(d.site("cache {\n tokens 17\n }"))
	after := d.get("/.well-known/jwks.json", "")
	if before.body != after.body || strings.Count(after.body, `"kid"`) != 1 || strings.Contains(after.body, `"d"`) {
		t.Fatalf("keys before and after a restart:\n%s\n%s", before.body, after.body)
	}
	d.expect("after a restart", http.StatusOK, d.get(clientsOfAcme, token))

	elsewhere := d.elsewhere()
	month := 30 * 24 * time.Hour
	d.must(elsewhere.Maintain(t.Context(), time.Now().Add(month)))
	d.soonKeys(2)
	d.expect("while two keys count", http.StatusOK, d.get(clientsOfAcme, token))
	d.must(elsewhere.Maintain(t.Context(), time.Now().Add(month+time.Hour)))
	d.soonKeys(1)
	d.soon("under a key that is gone", http.StatusUnauthorized, func() answer { return d.get(clientsOfAcme, token) })
}

// elsewhere is another gateway's keys over the same store.
func (d *desk) elsewhere() *oauth2.Keys {
	d.t.Helper()
	keys, err := oauth2.NewKeys(oauth2.KeysConfig{Store: d.office.Store, Sealer: d.sealer()})
	d.must(err)
	return keys
}

func (d *desk) sealer() *seal.Sealer {
	d.t.Helper()
	key, err := seal.ParseKey(d.key)
	d.must(err)
	sealer, err := seal.New(key)
	d.must(err)
	return sealer
}

func (d *desk) soonKeys(want int) {
	d.t.Helper()
	got := -1
	for deadline := time.Now().Add(10 * time.Second); got != want && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		got = strings.Count(d.get("/.well-known/jwks.json", "").body, `"kid"`)
	}
	if got != want {
		d.t.Fatalf("%d keys are published, want %d", got, want)
	}
}

// TestWithoutEncryptionKey: no tokens are issued, the calls say why, and no key is made that would have to be kept in the
// clear.
func TestWithoutEncryptionKey(t *testing.T) {
	d := &desk{t: t}
	d.start()
	c := d.client("acme", "account-idm-read")
	for target, form := range map[string]url.Values{
		"/sso/oauth2/token": {"grant_type": {"client_credentials"}}, "/sso/oauth2/revoke": {"token": {"x"}}, "/sso/oauth2/introspect": {"token": {"x"}},
	} {
		a := d.form(target, c, form)
		if a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "encryption_key") {
			t.Errorf("%s: %d %s", target, a.status, a.body)
		}
	}
	for _, target := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration"} {
		d.expect(target, http.StatusServiceUnavailable, d.get(target, ""))
	}
	keys, err := d.office.Store.SigningKeys(t.Context())
	if err != nil || len(keys) > 0 {
		t.Errorf("keys %v, error %v", len(keys), err)
	}
}

// Attack: somebody who can write to the store replaces the signing key, or the operator loses the encryption key. A key
// that cannot be opened signs nothing and vouches for nothing. Invariant: a fault, and the rest of the gateway works.
func TestForeignEncryptionKey(t *testing.T) {
	d := open(t, "")
	c := d.client("acme", "account-idm-read")
	token := d.token(c)
	_, plain := d.MintScopes("metrics.read")
	file := strings.TrimSpace(strings.TrimPrefix(d.options, "encryption_key "))
	d.must(os.WriteFile(file, []byte(seal.NewKey()), 0o600))
	d.Load(d.site(""))
	d.expect("a token from before", http.StatusServiceUnavailable, d.get(clientsOfAcme, token))
	d.expect("a new token", http.StatusServiceUnavailable, d.form("/sso/oauth2/token", c, url.Values{"grant_type": {"client_credentials"}}))
	a := d.do(http.MethodGet, "/api/v2/metrics/query", nil, func(r *http.Request) { r.Header.Set("Authorization", "Api-Token "+plain) })
	d.expect("an API token", http.StatusOK, a)
	keys, err := d.office.Store.SigningKeys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Errorf("%d keys, error %v; want the one from before", len(keys), err)
	}
}
