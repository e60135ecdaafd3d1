package module

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// CORS lets browsers of the named origins call the guarded API. Only then does a preflight pass without a credential;
// every other OPTIONS request is decided like any method. Without it the gate knows nothing of CORS.
type CORS struct {
	// Origins that may call, as the browser sends them: `https://app.example.com`, with port where it is not the
	// default; or `*` alone for any. Required.
	Origins []string `json:"origins,omitempty"`
	// Request headers that a call may carry. Default: `Authorization`, `Content-Type`.
	Headers []string `json:"headers,omitempty"`
	// How long a browser may remember the answer. Default: 10m.
	MaxAge caddy.Duration `json:"max_age,omitempty"`
	// Hand preflights to the next handler instead of answering them here, for an upstream that knows CORS itself.
	Forward bool `json:"forward,omitempty"`
}

const defaultMaxAge = 600 // seconds

func (c *CORS) provision() error {
	if c == nil {
		return nil
	}
	for _, check := range []func() error{c.checkAny, c.checkOrigins, c.checkHeaders} {
		if err := check(); err != nil {
			return err
		}
	}
	if len(c.Headers) == 0 {
		c.Headers = []string{"Authorization", "Content-Type"}
	}
	return nil
}

func (c *CORS) checkAny() error {
	if len(c.Origins) == 0 {
		return fmt.Errorf("cors: expected at least one origin")
	}
	return nil
}

func (c *CORS) checkOrigins() error {
	for _, origin := range c.Origins {
		if origin == "*" && len(c.Origins) == 1 {
			continue
		}
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return fmt.Errorf("cors: origin %q: expected scheme://host[:port] without a path, or * alone", origin)
		}
	}
	return nil
}

func (c *CORS) checkHeaders() error {
	for _, name := range c.Headers {
		if !isHeaderName(name) {
			return fmt.Errorf("cors: header %q: expected a header name", name)
		}
	}
	return nil
}

func (c *CORS) allows(origin string) bool {
	return c != nil && origin != "" && (c.Origins[0] == "*" || slices.Contains(c.Origins, origin))
}

// isPreflight recognises a true CORS preflight of an allowed origin (Fetch standard, section 4.8): OPTIONS with one
// Origin and one Access-Control-Request-Method and, as browsers never add one, without any credential.
func (x *exchange) isPreflight() bool {
	if x.h.CORS == nil || x.r.Method != http.MethodOptions {
		return false
	}
	header := x.r.Header
	inQuery, _ := x.queryToken()
	return len(header["Origin"]) == 1 && x.h.CORS.allows(header["Origin"][0]) &&
		len(header["Access-Control-Request-Method"]) == 1 &&
		len(header["Authorization"]) == 0 && len(header["Cookie"]) == 0 && inQuery.name == ""
}

// answerPreflight tells the browser what it may send, from the endpoint table; it says nothing about tokens.
func (x *exchange) answerPreflight(next caddyhttp.Handler) error {
	x.settle(reasonPreflight)
	if x.h.CORS.Forward {
		x.cleanRequest()
		x.setIdentity()
		return next.ServeHTTP(x, x.r)
	}
	header := x.ResponseWriter.Header()
	x.allowOrigin(header)
	header.Set("Access-Control-Allow-Methods", strings.Join(x.h.table.Allow(x.endpointURI), ", "))
	header.Set("Access-Control-Allow-Headers", strings.Join(x.h.CORS.Headers, ", "))
	header.Set("Access-Control-Max-Age", strconv.Itoa(x.h.CORS.maxAgeSeconds()))
	x.ResponseWriter.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *CORS) maxAgeSeconds() int {
	if c.MaxAge <= 0 {
		return defaultMaxAge
	}
	return int(int64(c.MaxAge) / 1e9)
}

// allowOrigin lets an allowed origin read the response, refusals included: a page that cannot read why it was refused
// cannot tell its user.
func (x *exchange) allowOrigin(header http.Header) {
	c := x.h.CORS
	if c == nil || c.Forward {
		return
	}
	header.Add("Vary", "Origin")
	if origin := x.r.Header.Get("Origin"); c.allows(origin) {
		header.Set("Access-Control-Allow-Origin", origin)
	}
}
