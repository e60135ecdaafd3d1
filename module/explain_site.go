package module

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/endpoint"
)

// site is a handler of a config, with the hosts and addresses that its requests come to.
type site struct {
	handler *Handler
	raw     json.RawMessage // the handler's config
	hosts   []string        // nil: any
	listen  []string        // of its server; nil: unknown
	api     bool            // Doorward's own API is on the site as well
	host    string          // of the request
}

// pickSite finds the handler that a request to a host comes to. Other conditions of a config's routes do not count: they
// may ask for anything.
func pickSite(config []byte, host string) (*App, site, error) {
	app, _, err := readConfig(config)
	if err != nil {
		return nil, site{}, err
	}
	var whole struct {
		Apps map[string]json.RawMessage `json:"apps"`
	}
	if len(config) > 0 {
		if err := json.Unmarshal(config, &whole); err != nil {
			return nil, site{}, fmt.Errorf("config: %w", err)
		}
	}
	sites, err := findSites(whole.Apps["http"], site{})
	if err != nil {
		return nil, site{}, err
	}
	sites = joinAPIs(sites)
	if len(sites) == 0 {
		return app, site{handler: new(Handler), host: cmp.Or(host, anyHost)}, nil
	}
	picked, err := pick(sites, host)
	return app, picked, err
}

// anyHost stands where any would do.
const anyHost = "localhost"

func pick(sites []site, host string) (site, error) {
	if host == "" {
		for _, s := range sites[1:] {
			if !bytes.Equal(s.raw, sites[0].raw) {
				return site{}, fault.New(fault.Invalid, "The config has several sites. Name the host that the request is for: "+places(sites)+".", nil)
			}
		}
		sites[0].host = sites[0].example()
		return sites[0], nil
	}
	for _, s := range sites {
		if s.answers(host) {
			s.host = host
			return s, nil
		}
	}
	return site{}, fault.New(fault.Invalid, "No site of the config answers for this host. There are: "+places(sites)+".", nil)
}

// places lists what to call the sites by.
func places(sites []site) string {
	var names []string
	for _, s := range sites {
		if len(s.hosts) > 0 {
			names = append(names, s.hosts...)
			continue
		}
		for _, address := range s.listen {
			names = append(names, anyHost+portOf(address))
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// example is a host that the site answers for.
func (s *site) example() string {
	for _, host := range s.hosts {
		if !strings.ContainsAny(host, "*{") {
			return host
		}
	}
	return anyHost
}

func (s *site) answers(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	onPort := func(address string) bool { return portOf(address) == ":"+port }
	if port != "" && len(s.listen) > 0 && !slices.ContainsFunc(s.listen, onPort) {
		return false
	}
	return s.hosts == nil || slices.ContainsFunc(s.hosts, func(pattern string) bool { return hostMatches(pattern, name) })
}

// hostMatches compares as Caddy's host matcher does, where `*` stands for one label.
func hostMatches(pattern, name string) bool {
	if suffix, ok := strings.CutPrefix(pattern, "*."); ok {
		_, rest, found := strings.Cut(name, ".")
		return found && strings.EqualFold(suffix, rest)
	}
	return strings.EqualFold(pattern, name)
}

func portOf(address string) string {
	if i := strings.LastIndexByte(address, ':'); i >= 0 {
		return address[i:]
	}
	return ""
}

// joinAPIs has the API count as a part of the site that it stands on, where there is a gate on that site.
func joinAPIs(sites []site) []site {
	var joined []site
	for _, s := range sites {
		same := func(other site) bool {
			return slices.Equal(other.hosts, s.hosts) && slices.Equal(other.listen, s.listen)
		}
		at := slices.IndexFunc(joined, same)
		switch {
		case at >= 0 && s.api:
			joined[at].api = true
		case at >= 0 && joined[at].api && joined[at].ownAPI():
			joined[at], joined[at].api = s, true
		default:
			joined = append(joined, s)
		}
	}
	return joined
}

// ownAPI reports whether a site has the API and no gate but the API's own.
func (s *site) ownAPI() bool { return slices.Equal(s.handler.Catalogs, []string{endpoint.Own}) }

// findSites walks a part of a config for objects with `"handler": "doorward"`, in the order in which routes are tried.
func findSites(part json.RawMessage, in site) ([]site, error) {
	var list []json.RawMessage
	var object map[string]json.RawMessage
	switch {
	case json.Unmarshal(part, &object) == nil:
		var name string
		_ = json.Unmarshal(object["handler"], &name) // what is no text names no handler of ours
		switch name {
		case "doorward":
			in.handler, in.raw = new(Handler), part
			if err := json.Unmarshal(part, in.handler); err != nil {
				return nil, fmt.Errorf("config: handler doorward: %w", err)
			}
			return []site{in}, nil
		case "doorward_api":
			in.handler, in.raw, in.api = &Handler{Catalogs: []string{endpoint.Own}}, part, true
			return []site{in}, nil
		}
		in.narrow(object)
		for _, key := range slices.Sorted(maps.Keys(object)) {
			list = append(list, object[key])
		}
	case json.Unmarshal(part, &list) == nil:
	default:
		return nil, nil // a text, a number: no handler stands in it
	}
	var found []site
	for _, value := range list {
		sites, err := findSites(value, in)
		if err != nil {
			return nil, err
		}
		found = append(found, sites...)
	}
	return found, nil
}

// narrow reads the addresses of a server and the hosts of a route. A route with several sets of conditions takes whatever
// fits one of them.
func (s *site) narrow(object map[string]json.RawMessage) {
	var listen []string
	if json.Unmarshal(object["listen"], &listen) == nil {
		s.listen = listen
	}
	var sets []struct {
		Host []string `json:"host"`
	}
	if json.Unmarshal(object["match"], &sets) != nil || len(sets) == 0 {
		return
	}
	var hosts []string
	for _, set := range sets {
		if set.Host == nil {
			return
		}
		hosts = append(hosts, set.Host...)
	}
	s.hosts = hosts
}
