package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/doorward/doorward/tokens/jwt"
)

const (
	askTimeout    = 10 * time.Second
	maxDocument   = 1 << 20 // bytes of an issuer's answer
	knownFor      = time.Hour
	askAgainAfter = 5 * time.Second // where the issuer did not answer
)

// provider is an issuer with what it says of itself, which is asked for when somebody first wants to sign in there: a gateway
// starts without it.
type provider struct {
	Issuer
	client *http.Client
	now    func() time.Time

	mu     sync.Mutex
	known  *oidc.Provider
	style  oauth2.AuthStyle
	at     time.Time // of the last question
	failed error     // of the last question
}

func newProvider(i Issuer, client *http.Client, now func() time.Time) (*provider, error) {
	if err := jwt.CheckURL(i.URL); err != nil {
		return nil, fmt.Errorf("issuer %q: %w", i.URL, err)
	}
	if i.ClientID == "" {
		return nil, fmt.Errorf("issuer %q: expected a client_id", i.URL)
	}
	if len(i.Scopes) == 0 {
		i.Scopes = []string{"profile", "email"}
	}
	if !slices.Contains(i.Scopes, oidc.ScopeOpenID) {
		i.Scopes = append([]string{oidc.ScopeOpenID}, i.Scopes...)
	}
	return &provider{Issuer: i, client: guarded(client), now: now}, nil
}

// guarded follows no redirects, keeps no cookies and reads no endless answers: what an issuer says comes from where it was
// configured.
func guarded(given *http.Client) *http.Client {
	client := &http.Client{Timeout: askTimeout}
	if given != nil {
		client.Transport = given.Transport
	}
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = bounded{client.Transport}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxDocument), answer.Body}
	}
	return answer, err
}

func (p *provider) name() string {
	if p.Name != "" {
		return p.Name
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return p.URL
	}
	return u.Host
}

// discover is what the issuer says of itself (OpenID Connect Discovery 1.0). It is asked again every hour. While it does not answer,
// what it has said goes on to hold.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, oauth2.AuthStyle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	switch age := now.Sub(p.at); {
	case p.known != nil && (age < knownFor || p.failed != nil && age < askAgainAfter):
		return p.known, p.style, nil
	case p.failed != nil && age < askAgainAfter:
		return nil, 0, p.failed
	}
	known, style, err := p.ask(ctx)
	if errors.Is(err, context.Canceled) {
		return nil, 0, err // the person has gone; that says nothing of the issuer
	}
	p.at, p.failed = now, err
	if err == nil {
		p.known, p.style = known, style
	}
	if p.known == nil {
		return nil, 0, err
	}
	return p.known, p.style, nil
}

func (p *provider) ask(ctx context.Context) (*oidc.Provider, oauth2.AuthStyle, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), askTimeout)
	defer cancel()
	known, err := oidc.NewProvider(ctx, p.URL)
	if err != nil {
		return nil, 0, err
	}
	var says struct {
		Authorization string   `json:"authorization_endpoint"`
		Token         string   `json:"token_endpoint"`
		Keys          string   `json:"jwks_uri"`
		Methods       []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := known.Claims(&says); err != nil {
		return nil, 0, err
	}
	for _, place := range []string{says.Authorization, says.Token, says.Keys} {
		if err := jwt.CheckURL(place); err != nil {
			return nil, 0, fmt.Errorf("an endpoint: %w", err)
		}
		// A remote issuer may not send us to our own machine's unencrypted ports.
		if p.URL[:6] == "https:" && place[:6] != "https:" {
			return nil, 0, errors.New("an endpoint leads away from https")
		}
	}
	return known, p.styleOf(says.Methods), nil
}

// styleOf is how the client says who it is (OpenID Connect Discovery 1.0, section 3: without a word it is the first way).
func (p *provider) styleOf(methods []string) oauth2.AuthStyle {
	if p.ClientSecret.Reveal() != "" && (len(methods) == 0 || slices.Contains(methods, "client_secret_basic")) {
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleInParams
}

// client is the console at the issuer.
func (p *provider) oauth(known *oidc.Provider, style oauth2.AuthStyle, redirect string) *oauth2.Config {
	place := known.Endpoint()
	place.AuthStyle = style
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret.Reveal(), Endpoint: place, RedirectURL: redirect, Scopes: p.Scopes,
	}
}
