package module

import (
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/doorward/doorward/module/attribute"
	"github.com/doorward/doorward/module/endpoint"
)

// askOptions read what policies are asked about. Each line is checked at once, so that an error has the line that brought
// it.
func (r *EndpointRow) askOptions() options {
	asked := func(read func(d *caddyfile.Dispenser, to *EndpointAsk) error) option {
		return func(d *caddyfile.Dispenser) error {
			line := placeOf(d)
			if err := read(d, &r.EndpointAsk); err != nil {
				return err
			}
			soFar := *r
			if soFar.Permissions == nil {
				soFar.Permissions = []string{"any:any:any"} // the line of the real one may still follow
			}
			return atLine(line, soFar.checkAsk())
		}
	}
	return options{
		"permission": asked(func(d *caddyfile.Dispenser, to *EndpointAsk) error {
			return appendArgs(d, &to.Permissions, "a permission service:resource:action")
		}),
		"attribute": asked(parseAttribute),
		"page_keys": asked(func(d *caddyfile.Dispenser, to *EndpointAsk) error {
			return appendArgs(d, &to.PageKeys, "a query parameter")
		}),
		"query_permission": asked(parseQueryPermission),
		"max_body":         asked(parseMaxBody),
	}
}

// checkAsk judges what the row asks as loading will, by making a table of it. What else the row says may not be there
// yet and is judged on loading; so the row is tried with what lets any path pass.
func (r *EndpointRow) checkAsk() error {
	trial := EndpointRow{
		Endpoint: r.Endpoint, Public: r.Public, AnyToken: !r.Public, Semicolon: true, NonASCII: true, EndpointAsk: r.EndpointAsk,
	}
	row, err := trial.row()
	if err == nil {
		_, err = endpoint.Build(endpoint.Layer{Rows: []endpoint.Endpoint{row}})
	}
	return err
}

// parseAttribute reads where the value of an attribute stands, one of
//
//	attribute <name> path|query|header|body|claim|constant <where> {
//	    split  <separator>
//	    decode <decoder>
//	    field  <field>
//	    multi  each|list
//	}
//	attribute <name> alternatives|agree {
//	    path|query|header|body|claim|constant <where> {
//	        split  <separator>
//	        decode <decoder>
//	        field  <field>
//	    }
//	    …
//	    multi each|list
//	}
func parseAttribute(d *caddyfile.Dispenser, to *EndpointAsk) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.Err("attribute: expected a name and a place, such as `attribute shop:region query region`")
	}
	name, kind, where := args[0], args[1], args[2:]
	if _, twice := to.Attributes[name]; twice {
		return d.Errf("attribute %s is given twice", name)
	}
	var source AttributeSource
	multi := func(d *caddyfile.Dispenser) error { return parseChoice(d, &source.Multi, multiEach, multiList) }
	var err error
	switch attribute.SourceKind(kind) {
	case attribute.FromFirst:
		err = parsePlaces(d, kind, where, &source.Alternatives, multi)
	case attribute.FromAgreeing:
		err = parsePlaces(d, kind, where, &source.Agree, multi)
	default:
		err = parsePlace(d, kind, where, &source.RequestPlace, options{"multi": multi})
	}
	if err != nil {
		return err
	}
	if to.Attributes == nil {
		to.Attributes = map[string]AttributeSource{}
	}
	to.Attributes[name] = source
	return nil
}

// parsePlaces reads the block of a choice. Unlike other blocks it may have the same line several times, and for
// alternatives their order counts.
func parsePlaces(d *caddyfile.Dispenser, choice string, where []string, to *[]RequestPlace, multi option) error {
	if len(where) > 0 {
		return d.Errf("%s takes no arguments, got %q; its places stand in a block", choice, where[0])
	}
	*to = []RequestPlace{} // without any, the choice is still one that was made
	known := options{"multi": multi}
	for _, field := range new(RequestPlace).fields() {
		kind := string(field.kind)
		known[kind] = func(d *caddyfile.Dispenser) error {
			var place RequestPlace
			err := parsePlace(d, kind, d.RemainingArgs(), &place, options{})
			*to = append(*to, place)
			return err
		}
	}
	return parseBlock(d, choice, known)
}

// parsePlace reads one place, whose line has been read, and its block, which may have further options.
func parsePlace(d *caddyfile.Dispenser, kind string, where []string, to *RequestPlace, further options) error {
	fields := to.fields()
	i := slices.IndexFunc(fields, func(f placeField) bool { return string(f.kind) == kind })
	switch {
	case i < 0:
		return d.Errf("attribute: there is no place %q, expected one of: path, query, header, body, claim, constant, "+
			"alternatives, agree", kind)
	case len(where) != 1 || where[0] == "":
		return d.Errf("%s: expected %s, got %d arguments", kind, fields[i].what, len(where))
	case strings.Contains(where[0], "{"):
		// As a literal text it would be a known value that no policy means, and a DENY on the real one would not hold.
		return d.Errf("%s: expected %s, got %q; placeholders are not filled in", kind, fields[i].what, where[0])
	}
	*fields[i].text = where[0]
	further["split"] = func(d *caddyfile.Dispenser) error { return parseOne(d, &to.Split, "a separator") }
	further["decode"] = func(d *caddyfile.Dispenser) error { return parseOne(d, &to.Decode, "a decoder") }
	further["field"] = func(d *caddyfile.Dispenser) error { return parseOne(d, &to.Field, "a field of what is decoded") }
	return parseBlock(d, kind, further)
}

func parseQueryPermission(d *caddyfile.Dispenser, to *EndpointAsk) error {
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Errf("query_permission: expected a query parameter and a permission, got %d arguments", len(args))
	}
	if _, twice := to.QueryPermissions[args[0]]; twice {
		return d.Errf("query_permission %s is given twice", args[0])
	}
	if to.QueryPermissions == nil {
		to.QueryPermissions = map[string]string{}
	}
	to.QueryPermissions[args[0]] = args[1]
	return nil
}

// parseMaxBody reads a plain number of bytes, as a catalogue file has it.
func parseMaxBody(d *caddyfile.Dispenser, to *EndpointAsk) error {
	text := ""
	if err := parseOne(d, &text, "a number of bytes"); err != nil {
		return err
	}
	if to.MaxBody != 0 {
		return d.Err("max_body is given twice")
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size < 1 || size > attribute.LargestMaxBody {
		return d.Errf("max_body: expected 1 to %d bytes, got %q", attribute.LargestMaxBody, text)
	}
	to.MaxBody = size
	return nil
}
