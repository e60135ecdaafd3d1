package signin

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/internal/throttle"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/tokens"
)

// Config is what signing in works with.
type Config struct {
	Keeper *session.Keeper // required
	Trail  audit.Trail     // required: hears of sign-ins that were refused
	Call   Call            // required
	Render Render          // required

	// Issuers are where people may sign in besides with a token.
	Issuers []Issuer
	// IssuersOnly takes no tokens.
	IssuersOnly bool

	// Sealer keeps the state of a sign-in at an issuer in the browser. With that of the gateways' common key it does not matter
	// which of them the browser comes back to. nil: a key of this process.
	Sealer *seal.Sealer

	// BaseURL is how the client addressed the console, "https://host[:port]". nil: what the request says itself.
	BaseURL func(*http.Request) string
	// Address is that of the client. nil: the other end of the connection.
	Address func(*http.Request) string

	Client *http.Client     // for issuers. nil: a new one, without redirects
	Now    func() time.Time // default time.Now
	Random io.Reader        // default crypto/rand.Reader
	// Log hears of what broke. nil: nobody does.
	Log func(message string, err error)
}

// Issuer is where people can sign in by OpenID Connect.
type Issuer struct {
	URL          string // exactly as in its metadata, and in the gate's list of trusted issuers
	Name         string // shown on the sign-in page; "" for the host of the URL
	ClientID     string
	ClientSecret tokens.Secret // the zero Secret: a public client, by PKCE alone
	Scopes       []string      // "openid" is added. None: openid, profile, email
	// What the access token is to be for, in the two ways in which issuers want to be told: RFC 8707, and before that. It has to be
	// an audience that the gate takes of the issuer. "" for an issuer that knows by the client.
	Resource, Audience string
}

// Desk implements Gate.
type Desk struct {
	Config
	issuers  []*provider
	origin   http.CrossOriginProtection
	failures *throttle.Throttle[throttle.Address]
	attempts *throttle.Throttle[throttle.Address]
	spent    spent
	asking   chan struct{} // a place for each request to an issuer that is under way
	mux      *http.ServeMux
}

// Of one address, ten sign-ins may fail at once and ten a minute after that. Of what fails, twenty are recorded at once and one a
// second: whoever fails must not fill the store.
var (
	failureRate = throttle.Rate{Every: 6 * time.Second, Burst: 10}
	recordRate  = throttle.Rate{Every: time.Second, Burst: 20}
)

const (
	failingAddresses = 8192
	asksAtOnce       = 16
)

// New makes the desk. An error is a mistake in the Config.
func New(c Config) (*Desk, error) {
	if c.Keeper == nil || c.Trail == nil || c.Call == nil || c.Render == nil {
		return nil, errors.New("signing in needs sessions, an audit trail, an API and a frame")
	}
	if c.IssuersOnly && len(c.Issuers) == 0 {
		return nil, errors.New("nobody could sign in: there are no issuers, and tokens are not taken")
	}
	d := &Desk{Config: c.completed(), asking: make(chan struct{}, asksAtOnce)}
	d.failures = throttle.New[throttle.Address](failureRate, failingAddresses)
	d.attempts = throttle.New[throttle.Address](recordRate, 1)
	var err error
	if d.spent, err = newSpent(); err != nil {
		return nil, err
	}
	if d.Sealer == nil {
		key := make([]byte, seal.KeySize)
		if _, err := io.ReadFull(d.Random, key); err != nil {
			return nil, fmt.Errorf("no random bytes: %w", err)
		}
		if d.Sealer, err = seal.New(key); err != nil {
			return nil, err
		}
	}
	for _, i := range c.Issuers {
		p, err := newProvider(i, d.Client, d.Now)
		if err != nil {
			return nil, err
		}
		d.issuers = append(d.issuers, p)
	}
	d.route()
	return d, nil
}

// completed fills in the defaults.
func (c Config) completed() Config {
	if c.BaseURL == nil {
		c.BaseURL = func(r *http.Request) string {
			if r.TLS != nil {
				return "https://" + r.Host
			}
			return "http://" + r.Host
		}
	}
	if c.Address == nil {
		c.Address = func(r *http.Request) string {
			host, _, err := net.SplitHostPort(r.RemoteAddr)
			if err != nil {
				return r.RemoteAddr
			}
			return host
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Random = cmp.Or[io.Reader](c.Random, rand.Reader)
	if c.Log == nil {
		c.Log = func(string, error) {}
	}
	return c
}

// route mounts the pages. What changes something is a POST, but for the two steps of a sign-in at an issuer, to which it is the
// issuer that sends the browser: those go by the state in the browser's cookie.
func (d *Desk) route() {
	d.mux = http.NewServeMux()
	d.mux.HandleFunc("GET "+PathSignIn, d.showSignIn)
	d.mux.HandleFunc("POST "+PathSignIn, d.signInWithToken)
	d.mux.HandleFunc("GET "+pathIssuer+"{issuer}", d.leadToIssuer)
	d.mux.HandleFunc("GET "+pathCallback, d.callback)
	d.mux.HandleFunc("GET "+pathComplete, d.complete)
	d.mux.HandleFunc("POST "+PathSignOut, d.signOut)
	d.mux.HandleFunc("GET "+PathConfirm, d.showConfirm)
	d.mux.HandleFunc("POST "+PathConfirm, d.confirmWithToken)
	d.mux.HandleFunc("GET "+PathSessions, d.listSessions)
	d.mux.HandleFunc("POST "+pathEnd, d.endSession)
	d.mux.HandleFunc("POST "+pathEndOthers, d.endOthers)
}

// Handler answers below the paths of this package.
func (d *Desk) Handler() http.Handler { return d.Keep(d.mux) }

const (
	pathIssuer    = PathSignIn + "/oidc/"
	pathCallback  = PathSignIn + "/callback"
	pathComplete  = PathSignIn + "/complete"
	pathEnd       = PathSessions + "/end"
	pathEndOthers = PathSessions + "/end-others"
)

// isSecure reports whether a browser keeps the cookies of a request's answer: over TLS, or on its own machine.
func (d *Desk) isSecure(r *http.Request) bool {
	base := d.BaseURL(r)
	if strings.HasPrefix(base, "https://") {
		return true
	}
	host := strings.TrimPrefix(base, "http://")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// detached is a context for what has to be done although the client may have gone.
func detached(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
}

var _ Gate = (*Desk)(nil)
