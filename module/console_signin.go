package module

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	consolesession "github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/console/signin"
	"github.com/doorward/doorward/tokens"
)

// ConsoleSignIn is how people sign in to the console, and for how long.
type ConsoleSignIn struct {
	// Where people can sign in by OpenID Connect (authorization code with PKCE), besides with a token. Default: nowhere.
	OIDC []ConsoleIssuer `json:"oidc,omitempty"`

	// Take no tokens. Default: whoever has a good one can sign in with it, and do what it can do.
	IssuersOnly bool `json:"issuers_only,omitempty"`

	// Without a request a session ends after this time. Default: 30m. At most 24h.
	SessionIdle caddy.Duration `json:"session_idle,omitempty"`

	// A session ends after this time, used or not, and with its credential at the latest. Default: 8h. At most 24h.
	SessionLifetime caddy.Duration `json:"session_lifetime,omitempty"`
}

// ConsoleIssuer is an issuer at which people sign in to the console. The console sends the access token that it gets there to the API
// like any client, so that has to be a JWT that the gate takes: with an audience of the trusted issuer. ID tokens are not taken.
type ConsoleIssuer struct {
	// URL of the issuer, which has to be among the app's trusted issuers. Required.
	URL string `json:"issuer"`

	// What the sign-in page calls it. Default: the host of the URL.
	Name string `json:"name,omitempty"`

	// By which the issuer knows the console. Its redirect URI there is `https://<host of the console>/signin/callback`. Required.
	ClientID string `json:"client_id"`

	// File with the client's secret. Default: a public client, without one.
	ClientSecretFile string `json:"client_secret_file,omitempty"`

	// What is asked for, besides `openid`. Default: `profile`, `email`.
	Scopes []string `json:"scopes,omitempty"`

	// Sent as `resource` (RFC 8707), to issuers that want to be told what an access token is for. Default: not sent.
	Resource string `json:"resource,omitempty"`

	// The same, sent as `audience`. Default: not sent.
	Audience string `json:"audience,omitempty"`
}

// longestSession is as long as a day's work can be.
const longestSession = 24 * time.Hour

func (c *ConsoleSignIn) check() error {
	errs := []error{checkSessionTime("session_idle", c.SessionIdle), checkSessionTime("session_lifetime", c.SessionLifetime)}
	if c.IssuersOnly && len(c.OIDC) == 0 {
		errs = append(errs, errors.New("sign_in issuers_only: nobody could sign in; expected sign_in oidc as well"))
	}
	seen := map[string]bool{}
	for _, i := range c.OIDC {
		errs = append(errs, i.check())
		if seen[i.URL] {
			errs = append(errs, fmt.Errorf("sign_in oidc %s is given twice", i.URL))
		}
		seen[i.URL] = true
	}
	return errors.Join(errs...)
}

func checkSessionTime(name string, d caddy.Duration) error {
	if d < 0 || time.Duration(d) > longestSession {
		return fmt.Errorf("%s: expected at most 24h, got %s", name, time.Duration(d))
	}
	return nil
}

func (i *ConsoleIssuer) check() error {
	switch {
	case i.URL == "":
		return errors.New("sign_in oidc: expected the URL of an issuer")
	case i.ClientID == "":
		return fmt.Errorf("sign_in oidc %s: expected a client_id", i.URL)
	}
	return nil
}

// keeper keeps the sessions in the store of the gate. Its Run is to run as long as the config does.
func (c *ConsoleSignIn) keeper(g *gate, logger *zap.Logger) *consolesession.Keeper {
	return consolesession.NewKeeper(g.store, consolesession.Options{
		Idle: time.Duration(c.SessionIdle), Longest: time.Duration(c.SessionLifetime),
		OnError: func(err error) { logger.Error("sessions of the console", zap.Error(err)) },
	})
}

// desk is where people sign in.
func (c *ConsoleSignIn) desk(g *gate, keeper *consolesession.Keeper, call signin.Call, render signin.Render, logger *zap.Logger) (*signin.Desk, error) {
	issuers, err := c.issuers(g)
	if err != nil {
		return nil, err
	}
	return signin.New(signin.Config{
		Keeper: keeper, Trail: g.store, Call: call, Render: render, Issuers: issuers, IssuersOnly: c.IssuersOnly, Sealer: g.sealer,
		BaseURL: consoleBaseURL, Address: consoleAddress,
		Log: func(message string, err error) { logger.Error(message, zap.Error(err)) },
	})
}

// issuers must be trusted by the gate: it is the one that judges their tokens.
func (c *ConsoleSignIn) issuers(g *gate) ([]signin.Issuer, error) {
	var all []signin.Issuer
	for _, i := range c.OIDC {
		if g.issuers == nil || g.issuers.byURL[i.URL] == nil {
			return nil, fmt.Errorf("sign_in oidc %s: the app does not trust this issuer; expected one of its `issuer` options", i.URL)
		}
		secret, err := readClientSecret(i.ClientSecretFile)
		if err != nil {
			return nil, fmt.Errorf("sign_in oidc %s: %w", i.URL, err)
		}
		all = append(all, signin.Issuer{
			URL: i.URL, Name: i.Name, ClientID: i.ClientID, ClientSecret: secret, Scopes: i.Scopes, Resource: i.Resource, Audience: i.Audience,
		})
	}
	return all, nil
}

// maxClientSecret bounds the file of a client's secret, in bytes.
const maxClientSecret = 4096

// readClientSecret is the zero Secret where there is no file. Errors name the file and never what is in it.
func readClientSecret(name string) (tokens.Secret, error) {
	if name == "" {
		return tokens.Secret{}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return tokens.Secret{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxClientSecret+1))
	if err != nil {
		return tokens.Secret{}, err
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" || len(text) > maxClientSecret || strings.ContainsAny(secret, "\r\n") {
		return tokens.Secret{}, fmt.Errorf("%s: expected one line with the secret of the client", name)
	}
	return tokens.NewSecret(secret), nil
}

// consoleBaseURL is how the client addressed the console. Only a trusted proxy may say that it was by TLS when it was not.
func consoleBaseURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || fromTrustedProxy(r) && r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// consoleAddress is that of the client, as Caddy has it.
func consoleAddress(r *http.Request) string {
	ip, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	return cmp.Or(ip, r.RemoteAddr)
}
