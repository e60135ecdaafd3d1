package module

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/console"
	consolesession "github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/console/signin"
)

func init() {
	caddy.RegisterModule(new(Console))
	httpcaddyfile.RegisterHandlerDirective("doorward_console", parseConsole)
	// Before the gate: who is signed in has a cookie, which the gate takes for no credential.
	httpcaddyfile.RegisterDirectiveOrder("doorward_console", httpcaddyfile.Before, "invoke")
}

// Console serves Doorward's administration in a browser: pages over Doorward's own APIs, which they call within the process,
// with the credential that the person has signed in with. What somebody sees and may do there is what their credential may do
// with these APIs.
//
// It takes a site of its own, at the root. What is not for it goes on to the next handler, and is 404 where there is none.
// The cookie of a session needs HTTPS, or a browser on the same machine.
type Console struct {
	// Name of the installation, shown beside the product's. Default: none.
	Name string `json:"name,omitempty"`

	// URL at which clients reach what the gate guards, for the lines to try a new token with. Default: none.
	Gateway string `json:"gateway,omitempty"`

	ConsoleSignIn

	api    *API // with a gate of its own
	pages  *console.Console
	logger *zap.Logger
	stop   context.CancelFunc
	done   chan struct{}
}

// CaddyModule returns the Caddy module information.
func (*Console) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.doorward_console", New: func() caddy.Module { return new(Console) }}
}

// Provision takes the gate from the app, and makes the pages.
func (c *Console) Provision(ctx caddy.Context) error {
	c.logger = ctx.Logger()
	if err := c.check(); err != nil {
		return err
	}
	c.api = new(API)
	if err := c.api.Provision(ctx); err != nil {
		return err
	}
	keeper := c.keeper(c.api.app.gate, c.logger)
	// Signing in shows its pages in the frame, which is made after it.
	render := func(w http.ResponseWriter, r *http.Request, p signin.Page) { c.pages.Render(w, r, p) }
	desk, err := c.desk(c.api.app.gate, keeper, c.call, render, c.logger)
	if err != nil {
		return err
	}
	c.pages, err = console.New(console.Config{
		API: http.HandlerFunc(c.answer), Gate: desk, Name: c.Name, Gateway: c.Gateway, Log: c.log,
	})
	if err != nil {
		return err
	}
	c.forget(keeper)
	return nil
}

// forget removes sessions that are over from time to time.
func (c *Console) forget(keeper *consolesession.Keeper) {
	var ctx context.Context
	ctx, c.stop = context.WithCancel(context.Background())
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		keeper.Run(ctx)
	}()
}

// Cleanup ends what runs in the background.
func (c *Console) Cleanup() error {
	if c.stop != nil {
		c.stop()
		<-c.done
	}
	return nil
}

// maxConsoleName is how long the name of an installation may be, in characters. It stands in the head of every page.
const maxConsoleName = 60

func (c *Console) check() error {
	return errors.Join(c.checkName(), c.checkGateway(), c.ConsoleSignIn.check())
}

func (c *Console) checkName() error {
	if n := utf8.RuneCountInString(c.Name); n > maxConsoleName {
		return fmt.Errorf("name: expected at most %d characters, got %d", maxConsoleName, n)
	}
	return nil
}

// checkGateway repeats nothing of the URL: what is wrong with it may be that it has a password in it.
func (c *Console) checkGateway() error {
	if c.Gateway == "" {
		return nil
	}
	u, err := url.Parse(c.Gateway)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("gateway: expected a URL such as https://api.example.com, with nothing but host and path")
	}
	return nil
}

// ServeHTTP answers what is for the console.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if c.pages.Has(r) {
		c.pages.ServeHTTP(w, r)
		return nil
	}
	if err := next.ServeHTTP(w, r); err != nil {
		return err
	}
	// Caddy's last handler notes that nobody has answered.
	if unhandled, _ := caddyhttp.GetVar(r.Context(), "unhandled").(bool); unhandled {
		c.pages.ServeHTTP(w, r)
	}
	return nil
}

// answer has a request of the console answered by the API, behind its gate.
func (c *Console) answer(w http.ResponseWriter, r *http.Request) {
	err := c.api.own.ServeHTTP(w, r.WithContext(apart(r.Context())), c.api.handler())
	if err == nil {
		return
	}
	c.log("the API could not answer the console", err)
	status := http.StatusInternalServerError
	if failed, ok := errors.AsType[caddyhttp.HandlerError](err); ok && failed.StatusCode != 0 {
		status = failed.StatusCode
	}
	rest.WriteError(w, rest.Envelope, rest.Errorf(status, "The gateway could not answer."))
}

// apart is the context for a request of the console to the API. What the gate notes of it in placeholders and variables is not
// noted of the person's own request.
func apart(ctx context.Context) context.Context {
	if vars, ok := ctx.Value(caddyhttp.VarsCtxKey).(map[string]any); ok {
		ctx = context.WithValue(ctx, caddyhttp.VarsCtxKey, maps.Clone(vars))
	}
	return context.WithValue(ctx, caddy.ReplacerCtxKey, caddy.NewReplacer())
}

// call is a request of the sign-in pages to the API.
func (c *Console) call(r *http.Request, credential consolesession.Credential, method, target string) (int, []byte, error) {
	return console.NewClient(http.HandlerFunc(c.answer), r, &credential).Raw(method, target)
}

func (c *Console) log(message string, err error) { c.logger.Error(message, zap.Error(err)) }

// Interface guards.
var (
	_ caddy.Provisioner           = (*Console)(nil)
	_ caddy.CleanerUpper          = (*Console)(nil)
	_ caddyhttp.MiddlewareHandler = (*Console)(nil)
)
