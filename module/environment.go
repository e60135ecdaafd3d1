package module

import (
	"fmt"
	"net/url"
	"strings"
)

// Environment says how a request names the environment that it is for. A token is good for one environment, so a
// request for another one fails authentication.
//
// A host label beats the default, a path prefix beats both; a request that has both must name the same environment.
type Environment struct {
	// The environment of a request that names none. Default: the app's `environment`, which is `default`.
	Default string `json:"default,omitempty"`

	// What to do with a leading `/e/{environment}` of the path, which selects the environment and is not part of
	// the endpoint: `keep` forwards it, `strip` removes it before the request goes on, `off` gives it no meaning.
	// Default: `keep`.
	Path string `json:"path,omitempty"`

	// Host patterns with the label `{environment}` first, such as `{environment}.live.example.com`. A request to
	// such a host is for the environment that the label names. Compared without regard to case.
	Hosts []string `json:"hosts,omitempty"`
}

const environmentLabel = "{environment}"

// environments is an Environment made ready to use.
type environments struct {
	fallback     string
	path, strip  bool
	hostSuffixes []string // ".live.example.com"
}

func newEnvironments(e *Environment, fallback string) (environments, error) {
	if e == nil {
		e = &Environment{}
	}
	es := environments{fallback: e.Default, path: true}
	if es.fallback == "" {
		es.fallback = fallback
	}
	if err := checkEnvironmentName(es.fallback); err != nil {
		return es, err
	}
	switch e.Path {
	case "", "keep":
	case "strip":
		es.strip = true
	case "off":
		es.path = false
	default:
		return es, fmt.Errorf("environment path %q: expected keep, strip or off", e.Path)
	}
	for _, host := range e.Hosts {
		suffix, ok := strings.CutPrefix(strings.ToLower(host), environmentLabel+".")
		if _, valid := canonicalHost(suffix); !ok || !valid {
			return es, fmt.Errorf("environment host %q: expected {environment}.domain", host)
		}
		es.hostSuffixes = append(es.hostSuffixes, "."+strings.TrimSuffix(suffix, "."))
	}
	return es, nil
}

// resolve sets the exchange's environment and the path that endpoints are matched on.
func (es *environments) resolve(x *exchange, host string) error {
	x.environment, x.endpointURI = es.fallback, x.path.escaped
	fromHost := es.fromHost(host)
	if fromHost != "" {
		x.environment = fromHost
	}
	if !es.path || !strings.HasPrefix(x.path.escaped, "/e/") {
		return nil
	}
	name, rest, _ := strings.Cut(x.path.escaped[len("/e/"):], "/")
	if !isEnvironmentName(name) || fromHost != "" && fromHost != strings.ToLower(name) {
		return errEnvironmentPath
	}
	x.environment, x.endpointURI = name, x.path.escaped[len("/e/")+len(name):]
	if rest == "" {
		x.endpointURI = "/"
	}
	return nil
}

// forwardedPath is the path that the upstream gets.
func (es *environments) forwardedPath(x *exchange) canonicalPath {
	if !es.strip || len(x.endpointURI) == len(x.path.escaped) {
		return x.path
	}
	decoded, err := url.PathUnescape(x.endpointURI)
	if err != nil { // the canonical form always unescapes
		return x.path
	}
	return canonicalPath{escaped: x.endpointURI, decoded: decoded, odd: x.path.odd}
}

func (es *environments) fromHost(host string) string {
	for _, suffix := range es.hostSuffixes {
		if label, ok := strings.CutSuffix(host, suffix); ok && isEnvironmentName(label) && !strings.Contains(label, ".") {
			return label
		}
	}
	return ""
}

func checkEnvironmentName(name string) error {
	if !isEnvironmentName(name) {
		return fmt.Errorf("environment %q: expected 1 to 64 characters of A-Z a-z 0-9 . _ -", name)
	}
	return nil
}

func isEnvironmentName(name string) bool {
	if name == "" || len(name) > 64 || isDots(name) {
		return false
	}
	for i := range len(name) {
		if !hostByte(name[i]) {
			return false
		}
	}
	return true
}
