package attribute

import (
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
)

// Bounds of a rule.
const (
	DefaultMaxBody = 1 << 20  // bytes
	LargestMaxBody = 64 << 20 // bytes; a body is held in memory while it is decided
	maxPermissions = 8
	maxAttributes  = 16
	maxSources     = 32 // of all attributes together
	maxNames       = 8  // page keys; query permissions
)

// Rule is what a row of the endpoint table says about its requests, as a file has it. It is not changed after Compile.
type Rule struct {
	// Permissions are the IAM permissions that a request needs, all of them.
	Permissions []string
	// Attributes are sorted by name, each at most once. What is not listed is not known.
	Attributes []Binding
	// PageKeys are query parameters that continue an earlier request, of which this one tells nothing. Where one of
	// them is given, no attribute is known: an API may ignore all other parameters then, whatever they claim.
	PageKeys []string
	// QueryPermissions are needed as well where a query parameter is given with any value but "false". Sorted by
	// parameter.
	QueryPermissions []QueryPermission
	// MaxBody bounds a body, in bytes; 0 means DefaultMaxBody.
	MaxBody int64
}

// QueryPermission is a permission that a query parameter makes necessary.
type QueryPermission struct{ Parameter, Permission string }

// Binding says where the value of an attribute stands.
type Binding struct {
	Name   string // "settings:schemaId"
	Source Source
	// List makes several values one list of a single thing. Without it they are several things.
	List bool
}

// SourceKind is a place of a request. Its text is the key in a file.
type SourceKind string

// The kinds of sources.
const (
	FromPath     SourceKind = "path"         // Name is a parameter of the row's path
	FromQuery    SourceKind = "query"        // Name is a query parameter; every occurrence counts
	FromHeader   SourceKind = "header"       // Name is a header; every line counts
	FromBody     SourceKind = "body"         // Name is a JSON pointer, "*" for every element of an array
	FromClaim    SourceKind = "claim"        // Name is a claim of the credential
	FromConstant SourceKind = "constant"     // Name is the value itself
	FromFirst    SourceKind = "alternatives" // the first of Sources that is there, even if it cannot be read
	FromAgreeing SourceKind = "agree"        // those of Sources that are there, which must give the same
)

// Source is a place of a request, or a choice of several. Two attributes that name the same place share its value: each
// question has both from the same occurrence.
type Source struct {
	Kind    SourceKind
	Name    string
	Split   string   // separates several values within one text of a query or header; "" for none
	Decode  string   // decoder that the value goes through; "" for none
	Field   string   // what to take of the decoded value
	Sources []Source // of FromFirst and FromAgreeing, which have nothing else; they do not nest
}

// secretHeaders never become attributes: attributes are logged.
var secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie"}

func (r *Rule) check(params []string) error {
	if len(r.Permissions) == 0 || len(r.Permissions) > maxPermissions {
		return fmt.Errorf("permission: expected 1 to %d permissions", maxPermissions)
	}
	for i, permission := range r.Permissions {
		if !isName(permission, 3) {
			return fmt.Errorf("permission: %.140q is malformed; expected service:resource:action", permission)
		}
		if slices.Contains(r.Permissions[:i], permission) {
			return fmt.Errorf("permission: %q occurs twice", permission)
		}
	}
	if r.MaxBody < 0 || r.MaxBody > LargestMaxBody {
		return fmt.Errorf("max_body: expected 1 to %d bytes", LargestMaxBody)
	}
	if err := r.checkQuery(); err != nil {
		return err
	}
	return r.checkAttributes(params)
}

func (r *Rule) checkQuery() error {
	if len(r.PageKeys) > maxNames || len(r.QueryPermissions) > maxNames {
		return fmt.Errorf("page_keys, query_permissions: at most %d are allowed", maxNames)
	}
	if slices.ContainsFunc(r.PageKeys, func(key string) bool { return !readable(key) }) {
		return errors.New("page_keys: expected names of query parameters")
	}
	for i, q := range r.QueryPermissions {
		if !readable(q.Parameter) || !isName(q.Permission, 3) {
			return fmt.Errorf("query_permissions: %.140q is malformed; expected service:resource:action", q.Permission)
		}
		if i > 0 && r.QueryPermissions[i-1].Parameter >= q.Parameter {
			return errors.New("query_permissions: expected different parameters, in order")
		}
	}
	return nil
}

func (r *Rule) checkAttributes(params []string) error {
	if len(r.Attributes) > maxAttributes {
		return fmt.Errorf("attributes: %d, at most %d are allowed", len(r.Attributes), maxAttributes)
	}
	sources := 0
	for i, b := range r.Attributes {
		switch {
		case !isName(b.Name, 2):
			return fmt.Errorf("attributes: %.140q is malformed; expected service:name", b.Name)
		case strings.HasPrefix(b.Name, "global:"):
			// These speak of the caller and the clock. A request that could write them would choose its own groups.
			return fmt.Errorf("attributes: %s is never taken from a request", b.Name)
		case i > 0 && r.Attributes[i-1].Name >= b.Name:
			return errors.New("attributes: expected different names, in order")
		}
		if err := b.check(params); err != nil {
			return fmt.Errorf("attributes: %s: %w", b.Name, err)
		}
		sources += max(1, len(b.Source.Sources))
	}
	if sources > maxSources {
		return fmt.Errorf("attributes: %d sources, at most %d are allowed", sources, maxSources)
	}
	return nil
}

func (b *Binding) check(params []string) error {
	s := b.Source
	if s.Kind != FromFirst && s.Kind != FromAgreeing {
		return s.check(params, b.List)
	}
	if len(s.Sources) < 2 {
		return fmt.Errorf("%s: expected at least two sources", s.Kind)
	}
	if s.Name+s.Split+s.Decode+s.Field != "" {
		return fmt.Errorf("%s: split, decode and field belong to one of its sources", s.Kind)
	}
	for _, alternative := range s.Sources {
		if err := alternative.check(params, b.List); err != nil {
			return fmt.Errorf("%s: %w", s.Kind, err)
		}
	}
	return nil
}

// check looks at a single place.
func (s *Source) check(params []string, list bool) error {
	if err := s.checkPlace(params, list); err != nil {
		return err
	}
	if s.Split != "" && s.Kind != FromQuery && s.Kind != FromHeader {
		return fmt.Errorf("split is for query and header, not for %s", s.Kind)
	}
	_, err := decoderFor(s.Decode, s.Field)
	return err
}

func (s *Source) checkPlace(params []string, list bool) error {
	if s.Name == "" && s.Kind != FromBody {
		return fmt.Errorf("%s: expected a name", s.Kind)
	}
	switch s.Kind {
	case FromPath:
		if !slices.Contains(params, s.Name) {
			return fmt.Errorf("the path has no parameter {%s}", s.Name)
		}
	case FromHeader:
		if slices.Contains(secretHeaders, textproto.CanonicalMIMEHeaderKey(s.Name)) {
			return fmt.Errorf("the header %s holds secrets and cannot be an attribute", s.Name)
		}
	case FromBody:
		_, err := parsePointer(s.Name, list)
		return err
	case FromConstant:
		if !readable(s.Name) {
			return errors.New("constant: expected a text without control characters and outer blanks")
		}
	case FromQuery, FromClaim:
	default:
		return fmt.Errorf("there is no source %q", s.Kind)
	}
	return nil
}

// isName reports parts of letters, digits, '.', '_' and '-', joined by colons: the alphabet of the policy language.
func isName(name string, parts int) bool {
	if len(name) > 128 || strings.Count(name, ":") != parts-1 {
		return false
	}
	for part := range strings.SplitSeq(name, ":") {
		odd := func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
		}
		if part == "" || strings.ContainsFunc(part, odd) {
			return false
		}
	}
	return true
}
