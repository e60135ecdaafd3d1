package module

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/doorward/doorward/module/endpoint"
)

// parseEndpoint reads
//
//	endpoint <method[,method...]> <path> [<scope...>] {
//	    scopes             <scope...>
//	    oauth_scopes       <scope...>
//	    any_token
//	    public
//	    own_credentials
//	    websocket
//	    encoded_slash
//	    semicolon
//	    non_ascii
//	    no_personal_tokens
//	    remote             <permission...>|<class>
//	    permission         <permission...>
//	    attribute          <name> <place> … { … }
//	    page_keys          <parameter...>
//	    query_permission   <parameter> <permission>
//	    max_body           <bytes>
//	}
//
// and adds a row for each method. Scopes may stand on the line or in the block. For attributes see parseAttribute.
func parseEndpoint(d *caddyfile.Dispenser, to *[]EndpointRow) error {
	origin := fmt.Sprintf("%s:%d", filepath.Base(d.File()), d.Line())
	patterns, rest, err := parsePattern(d)
	if err != nil {
		return err
	}
	head := placeOf(d)
	row := EndpointRow{Endpoint: patterns[0], Scopes: rest, Origin: origin}
	flag := func(to *bool) option {
		return func(d *caddyfile.Dispenser) error { return parseFlag(d, to) }
	}
	known := options{
		"scopes":             func(d *caddyfile.Dispenser) error { return appendArgs(d, &row.Scopes, "a scope") },
		"oauth_scopes":       func(d *caddyfile.Dispenser) error { return appendArgs(d, &row.OAuthScopes, "an OAuth scope") },
		"any_token":          flag(&row.AnyToken),
		"public":             flag(&row.Public),
		"own_credentials":    flag(&row.OwnCredentials),
		"websocket":          flag(&row.WebSocket),
		"encoded_slash":      flag(&row.EncodedSlash),
		"semicolon":          flag(&row.Semicolon),
		"non_ascii":          flag(&row.NonASCII),
		"no_personal_tokens": flag(&row.NoPersonalTokens),
		"remote":             func(d *caddyfile.Dispenser) error { return parseRemote(d, &row.Remote) },
	}
	maps.Copy(known, row.askOptions())
	if err := parseBlock(d, "endpoint", known); err != nil {
		return err
	}
	if err := row.checkAsk(); err != nil {
		return atLine(head, err)
	}
	if row.OwnCredentials && !row.Public {
		return d.Errf("endpoint %s: own_credentials is for rows that are public as well", patterns[0])
	}
	if !row.Public && !row.AnyToken && len(row.Scopes)+len(row.OAuthScopes) == 0 {
		return d.Errf("endpoint %s: expected scopes, oauth_scopes, any_token or public", patterns[0])
	}
	for _, pattern := range patterns {
		row.Endpoint = pattern
		*to = append(*to, row)
	}
	return nil
}

// parseRemote reads what remote staff need. It is one line, because a class among permissions would have to win or to lose.
func parseRemote(d *caddyfile.Dispenser, to *[]string) error {
	if *to != nil {
		return d.Err("remote is given twice; write all permissions in one line")
	}
	words := d.RemainingArgs()
	if _, err := endpoint.ParseRemote(words); err != nil {
		return d.Errf("remote: %v", err)
	}
	*to = words
	return nil
}

// placeOf keeps the place of the token that was read last, for errors that show later.
func placeOf(d *caddyfile.Dispenser) *caddyfile.Dispenser {
	place := caddyfile.NewDispenser([]caddyfile.Token{d.Token()})
	place.Next()
	return place
}

// parseCatalogs reads names of catalogues. A name that no embedded one has is noticed here, where its line is known; a
// file is opened on loading, because a config is often adapted on another machine.
func parseCatalogs(d *caddyfile.Dispenser, to *[]string) error {
	before := len(*to)
	if err := appendArgs(d, to, "a catalogue's name or file"); err != nil {
		return err
	}
	for _, name := range (*to)[before:] {
		if !isEmbedded(name) {
			continue
		}
		if _, err := readCatalog(name); err != nil {
			return atLine(d, err)
		}
	}
	return nil
}

// parsePatterns reads the arguments of an option that names rows and nothing else.
func parsePatterns(d *caddyfile.Dispenser, to *[]string) error {
	name := d.Val()
	patterns, rest, err := parsePattern(d)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return d.Errf("%s: expected a method and a path, got %q too", name, rest[0])
	}
	*to = append(*to, patterns...)
	return nil
}

// parseAllowDerived reads `allow_derived` alone as every row, otherwise as the row it names.
func parseAllowDerived(d *caddyfile.Dispenser, to *[]string) error {
	if d.CountRemainingArgs() == 0 {
		*to = append(*to, allDerived)
		return nil
	}
	return parsePatterns(d, to)
}

// parsePattern reads a method list and a path, and gives one pattern for each method, and the arguments after them.
func parsePattern(d *caddyfile.Dispenser) (patterns, rest []string, err error) {
	name := d.Val()
	args := d.RemainingArgs()
	if len(args) < 2 {
		return nil, nil, d.Errf("%s: expected a method and a path, such as `%s GET /orders/{id}`", name, name)
	}
	path := withoutShorthand.Replace(args[1])
	for method := range strings.SplitSeq(args[0], ",") {
		pattern := method + " " + path
		if _, err := endpoint.ParsePattern(pattern); err != nil {
			return nil, nil, d.Errf("%s: %v", name, err)
		}
		patterns = append(patterns, pattern)
	}
	return patterns, args[2:], nil
}

// withoutShorthand undoes what the Caddyfile adapter makes of parameters that are named like one of its placeholders:
// by the time a directive sees it, `/files/{file}` is `/files/{http.request.uri.path.file}`.
var withoutShorthand = strings.NewReplacer(
	"{http.request.host}", "{host}", "{http.request.hostport}", "{hostport}", "{http.request.port}", "{port}",
	"{http.request.method}", "{method}", "{http.request.uri}", "{uri}", "{http.request.uri.path}", "{path}",
	"{http.request.uri.path.dir}", "{dir}", "{http.request.uri.path.file}", "{file}",
	"{http.request.uri.query}", "{query}", "{http.request.remote}", "{remote}",
	"{http.request.remote.host}", "{remote_host}", "{http.request.remote.port}", "{remote_port}",
	"{http.request.scheme}", "{scheme}", "{http.request.uuid}", "{uuid}", "{http.vars.client_ip}", "{client_ip}",
)
