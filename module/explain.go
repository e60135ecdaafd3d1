package module

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/decisionlog"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// ExplainRequest is a request that is decided and never sent. Exactly one of TokenID, Token and User says whose it is.
type ExplainRequest struct {
	TokenID string        // identifier of a token in the store, whose secret nobody needs to know
	Token   tokens.Secret // the whole text of a token
	User    string        // asks what policies say of a user: the request has a personal token with every scope

	Method string
	Target string      // path and query, as a client writes them
	Host   string      // name and port; "" where the config has one site only
	Header http.Header // none of them a credential; nil for none
	Body   []byte      // sent as application/json unless a header says otherwise; nil for none

	Address     string // of the client, for tokens that are good in some networks only; "" for an unknown one
	Environment string // of a request that names none; "": as the config says
	Now         func() time.Time
}

// Explanation says how the gate decides a request, and why. It holds no secret.
type Explanation struct {
	// Record is what the decision log would have; the decision has no identifier.
	Record decisionlog.Record `json:"record"`
	// Message is the sentence that the client would be given; "" where the request goes on.
	Message string `json:"message,omitempty"`
	// Why is what the last stage found, in sentences.
	Why []string `json:"why,omitempty"`
	// Changes are the smallest changes of which each would bring the request past the stage that refused it.
	Changes []string `json:"changes,omitempty"`
}

// Explain takes a request through the stages of the gate that a config describes, over its store: the same code with the
// same rows, tokens and policies, in this process. Nothing is sent, logged or noted as used. Errors are *fault.Fault
// where the request or the options cannot be meant, and say what to do.
func Explain(ctx context.Context, o AdministrationOptions, r ExplainRequest) (Explanation, error) {
	app, site, err := pickSite(o.Config, r.Host)
	if err != nil {
		return Explanation{}, err
	}
	if o.Store != "" {
		app.Store = o.Store
	}
	app.applyDefaults()
	s, err := store.Open(ctx, app.Store, store.Options{})
	if err != nil {
		return Explanation{}, err
	}
	run := &rehearsal{request: r, app: app, site: site, store: standIn{Store: s}}
	if err = run.read(); err != nil {
		return Explanation{}, errors.Join(err, s.Close())
	}
	explained, err := run.explain(ctx)
	if failed := s.Close(); err == nil {
		err = failed
	}
	return explained, err
}

// rehearsal is one run of a request that nobody sent.
type rehearsal struct {
	request ExplainRequest
	app     *App // with the layers of its endpoints, and no gate yet
	site
	config  gateConfig // of the gate that is rehearsed
	formats *tokens.Formats
	store   standIn
}

// read reads the files that the config names.
func (run *rehearsal) read() (err error) {
	app := run.app
	if app.layers, err = readLayers(app.Catalogs, app.Endpoints, app.RemoveEndpoints, app.AllowDerived); err != nil {
		return err
	}
	if run.formats, err = tokenFormats(app.TokenFormats); err != nil {
		return err
	}
	run.config, err = app.gateConfig()
	return err
}

func (run *rehearsal) explain(ctx context.Context) (Explanation, error) {
	release, err := run.prepare(ctx)
	if err != nil {
		return Explanation{}, err
	}
	defer release()
	r, err := run.newRequest(ctx)
	if err != nil {
		return Explanation{}, err
	}
	if err := run.authorize(ctx, r); err != nil {
		return Explanation{}, err
	}
	e := &explainer{ctx: ctx, assumed: run.request.User != ""}
	run.handler.observer = e
	if err := run.handler.ServeHTTP(&unread{header: http.Header{}}, r, nowhere); err != nil {
		return Explanation{}, err
	}
	return e.result.masked()
}

// nowhere is where a request that is rehearsed goes on to.
var nowhere = caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })

// prepare builds the handler as a config's loading does, over a gate that follows nothing and counts for nobody.
func (run *rehearsal) prepare(ctx context.Context) (release func(), err error) {
	app, h, config := run.app, run.handler, run.config
	nobody := zap.NewNop()
	if run.request.User != "" {
		// The token is made up to ask about the user, so it does not matter whether the user could have one.
		config.personal = func(string, time.Time) bool { return true }
	}
	if app.gate, err = assembleGate(ctx, config, &run.store, run.formats, nobody); err != nil {
		return nil, err
	}
	release = func() { _ = app.gate.closeParts(ctx) } // there is nothing in them that could be lost
	h.decisions, h.faults, h.now = nobody, nobody, run.request.Now
	if h.now == nil {
		h.now = time.Now
	}
	if run.api {
		h.api = &API{rehearsed: true} // the rows of the API are there; nothing is answered
	}
	if err := h.attach(app); err != nil {
		release()
		return nil, err
	}
	if run.request.Environment != "" {
		h.environments.fallback = run.request.Environment
		err = checkEnvironmentName(run.request.Environment)
	}
	if err != nil {
		release()
	}
	return release, err
}

// newRequest makes what the HTTP server would have read.
func (run *rehearsal) newRequest(ctx context.Context) (*http.Request, error) {
	asked := run.request
	u, err := url.ParseRequestURI(asked.Target)
	if err != nil || asked.Target[0] != '/' {
		return nil, fault.New(fault.Invalid, "The path cannot be read; expected one such as /api/v2/settings/objects?schemaIds=a.", nil)
	}
	r := &http.Request{
		Method: asked.Method, URL: u, RequestURI: asked.Target, Host: run.host, Header: asked.Header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if len(r.Header["Authorization"]) > 0 || run.hasQueryToken(u.RawQuery) {
		return nil, fault.New(fault.Invalid, "The request must not hold a credential of its own.", nil)
	}
	if asked.Body != nil {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(asked.Body)), int64(len(asked.Body))
		if r.Header["Content-Type"] == nil {
			r.Header["Content-Type"] = []string{"application/json"}
		}
	}
	r = caddyhttp.PrepareRequest(r.WithContext(ctx), caddy.NewReplacer(), nil, nil)
	caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, asked.Address)
	return r, nil
}

func (run *rehearsal) hasQueryToken(query string) (found bool) {
	// A query that cannot be read is the gate's to refuse.
	_ = queryNames(query, func(name string) bool {
		found = found || run.handler.isQueryToken(name)
		return true
	})
	return found
}

// unread is a ResponseWriter for an answer that goes nowhere.
type unread struct{ header http.Header }

func (u *unread) Header() http.Header         { return u.header }
func (u *unread) Write(p []byte) (int, error) { return len(p), nil }
func (u *unread) WriteHeader(int)             {}

// masked takes every token out of an explanation, wherever in the request it stood.
func (e Explanation) masked() (Explanation, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return Explanation{}, err
	}
	var clean Explanation
	err = json.Unmarshal(tokens.MaskBytes(text), &clean)
	return clean, err
}
