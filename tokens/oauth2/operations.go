package oauth2

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/internal/throttle"
	"github.com/doorward/doorward/tokens/scope"
)

// Config is what the operations work with.
type Config struct {
	Service *Service       // required
	Keys    *Keys          // required, with the Store of the Service
	Revoked *Revocations   // required, the one of the Service
	Scopes  *scope.Catalog // published as scopes_supported; nil: not published

	// Issuer is iss of the tokens and the start of every published URL: "https://host[:port]", without a slash at the end.
	// "": as each client addresses the gateway, which makes tokens of another name another issuer's.
	Issuer string
	// FollowCaller: URLs are published as each client addresses the gateway, and not below Issuer.
	FollowCaller bool
	// EnvironmentOf names the account that an environment belongs to. nil: there are no environments.
	EnvironmentOf func(environment string) (account string, ok bool)

	Random io.Reader        // of token identifiers; default crypto/rand.Reader
	Now    func() time.Time // default time.Now
}

// server has the operations.
type server struct {
	config      Config
	failures    failures
	revocations *throttle.Throttle[string] // by client
}

// Operations are the endpoints of the authorization server, and the administration of its clients.
//
// Those below /sso and /.well-known are for everybody: a client authenticates itself there. Calls of the others have
// passed the gate.
func Operations(config Config) []rest.Operation {
	if config.Random == nil {
		config.Random = rand.Reader
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &server{config: config, failures: newFailures(), revocations: throttle.New[string](throttle.Rate{Every: time.Second, Burst: 100}, maxThrottled)}
	const clients, client = "/iam/v1/accounts/{accountUuid}/oauth2-clients", "/iam/v1/accounts/{accountUuid}/oauth2-clients/{clientId}"
	return []rest.Operation{
		{Method: http.MethodPost, Path: "/sso/oauth2/token", Serve: answered(s.token)},
		{Method: http.MethodPost, Path: "/sso/oauth2/introspect", Serve: answered(s.introspect)},
		{Method: http.MethodPost, Path: "/sso/oauth2/tokeninfo", Serve: answered(s.introspect)}, // its name with existing clients
		{Method: http.MethodPost, Path: "/sso/oauth2/revoke", Serve: answered(s.revoke)},
		{Method: http.MethodGet, Path: "/.well-known/jwks.json", Serve: s.keys},
		{Method: http.MethodGet, Path: "/.well-known/openid-configuration", Serve: s.metadata},
		{Method: http.MethodGet, Path: "/.well-known/oauth-authorization-server", Serve: s.metadata},

		{Method: http.MethodGet, Path: clients, Serve: s.listClients},
		{Method: http.MethodPost, Path: clients, Action: "oauthclient.create", Serve: s.createClient},
		{Method: http.MethodGet, Path: client, Serve: s.showClient},
		{Method: http.MethodPut, Path: client, Action: "oauthclient.update", Object: "clientId", Serve: s.updateClient},
		{Method: http.MethodDelete, Path: client, Action: "oauthclient.delete", Object: "clientId", Serve: s.deleteClient},
		{Method: http.MethodPost, Path: client + "/rotate", Action: "oauthclient.rotate", Object: "clientId", Serve: s.rotateSecret},
	}
}

// answered writes refusals in the form that OAuth2 clients read. Faults go on to the caller, who knows how to log them.
func answered(serve func(http.ResponseWriter, *rest.Call) error) func(http.ResponseWriter, *rest.Call) error {
	return func(w http.ResponseWriter, c *rest.Call) error {
		err := serve(w, c)
		if r, ok := errors.AsType[*refusal](err); ok {
			return r.write(w)
		}
		return err
	}
}

// issuer is the name of this authorization server.
func (s *server) issuer(c *rest.Call) string { return cmp.Or(s.config.Issuer, c.BaseURL) }

// authenticate reads the form of a call and finds out which client sends it.
func (s *server) authenticate(c *rest.Call, now time.Time) (Client, form, error) {
	f, err := readForm(c.Request)
	if err != nil {
		return Client{}, nil, err
	}
	shown, err := readCredentials(c.Header, f)
	if err != nil {
		return Client{}, nil, err
	}
	client, err := s.check(c.Context(), addressOf(c), shown, now)
	return client, f, err
}

func (s *server) check(ctx context.Context, address throttle.Address, shown credentials, now time.Time) (Client, error) {
	if wait := s.failures.wait(address, shown.id, now); wait > 0 {
		return Client{}, tooMany(wait)
	}
	client, ok, err := s.config.Service.Authenticate(ctx, shown.id, shown.secret, now)
	if err != nil {
		return Client{}, err
	}
	if !ok {
		s.failures.note(address, shown.id, now)
		return Client{}, notAuthenticated()
	}
	return client, nil
}

func tooMany(wait time.Duration) *refusal {
	return &refusal{
		status: http.StatusTooManyRequests, code: unavailable, message: "There were too many attempts.", retryAfter: throttle.Seconds(wait),
	}
}

// addressOf is what failures are counted by. The gate knows the address also behind proxies that it trusts.
func addressOf(c *rest.Call) throttle.Address {
	if c.Caller.Address != "" {
		return throttle.AddressOf(c.Caller.Address)
	}
	host, _, _ := net.SplitHostPort(c.RemoteAddr)
	return throttle.AddressOf(host)
}
