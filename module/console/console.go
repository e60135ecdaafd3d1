// Package console is Doorward's administration in a browser: pages over the REST API, which they call in the same process
// with the credential of the person who is signed in.
//
// The console decides nothing. Every page reads and every form writes by requests that pass the gate like any other, so
// what a person sees and may do is what their credential may do with curl. A refusal of the API is a state of the page, in
// the API's own words.
package console

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/doorward/doorward/module/console/signin"
)

// Config is what a console is made of.
type Config struct {
	// API answers a request as Doorward's gate does, with Doorward's own API behind it. Required. It is called with the
	// address and host of the person's request. A panic with http.ErrAbortHandler counts as an answer that broke off.
	API http.Handler

	// Gate knows who is signed in. Required.
	Gate signin.Gate

	// Name of the installation, shown beside the product's. "" for none.
	Name string

	// Gateway is the URL at which clients reach the API behind the gate, for lines to try a credential with. "" where it is not
	// told.
	Gateway string

	// Log hears of pages that could not be made. nil: nobody hears.
	Log func(message string, err error)

	Now func() time.Time // default time.Now
}

// Console is the handler of all pages. It is safe for concurrent use.
type Console struct {
	config    Config
	mux       *http.ServeMux
	patterns  []string     // of the pages on it, for tests that hold each to the same
	kept      http.Handler // mux, with the session of a request looked up once
	assets    *assets
	templates templates
}

// New makes a console. An error is a mistake in the Config, or a defect in what is embedded.
func New(config Config) (*Console, error) {
	if config.API == nil || config.Gate == nil {
		return nil, errors.New("a console needs an API and a gate for sessions")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = func(string, error) {}
	}
	c := &Console{config: config, mux: http.NewServeMux()}
	var err error
	if c.assets, err = packAssets(); err != nil {
		return nil, fmt.Errorf("assets of the console: %w", err)
	}
	if c.templates, err = parseTemplates(c.assets); err != nil {
		return nil, fmt.Errorf("templates of the console: %w", err)
	}
	c.route()
	c.kept = config.Gate.Keep(c.mux)
	return c, nil
}

// route mounts everything. A pattern that is there twice panics, as it does in net/http: that is a defect.
func (c *Console) route() {
	c.mux.Handle("GET /assets/{name}", c.assets)
	signing := c.config.Gate.Handler()
	for _, path := range []string{signin.PathSignIn, signin.PathSignOut, signin.PathConfirm, signin.PathSessions} {
		c.mux.Handle(path, signing)
		c.mux.Handle(path+"/{rest...}", signing)
	}
	c.write("POST /theme", (*visit).setTheme)
	all := sections()
	for _, s := range all {
		s.pages(c)
	}
	if all[0].Path != "/" { // somebody has to be at home
		c.read("GET /{$}", func(v *visit) error { return v.done(all[0].Path, "") })
	}
}

// Has reports whether a request is for the console. What is not may be somebody else's on the same site.
func (c *Console) Has(r *http.Request) bool {
	_, pattern := c.mux.Handler(r)
	return pattern != ""
}

// ServeHTTP answers a request, with 404 for one that is not for the console.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	harden(w.Header())
	if !c.Has(r) {
		c.config.Gate.Keep(c.page((*visit).notThere)).ServeHTTP(w, r)
		return
	}
	c.kept.ServeHTTP(w, r)
}
