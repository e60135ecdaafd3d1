package module

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/module/attribute"
	"github.com/doorward/doorward/module/endpoint"
)

const defaultCatalog = "dynatrace"

// EndpointRow is one row of the endpoint table: which requests it is about, and what they need.
type EndpointRow struct {
	// `METHOD /path/{template}`, such as `GET /orders/{id}`. Literal segments beat parameters.
	Endpoint string `json:"endpoint"`
	// Token scopes of which the credential must hold one.
	Scopes []string `json:"scopes,omitempty"`
	// OAuth scopes of which the credential must hold one, where it is a platform token or an OAuth2 access token.
	OAuthScopes []string `json:"oauth_scopes,omitempty"`
	// Any genuine token will do.
	AnyToken bool `json:"any_token,omitempty"`
	// No credential is needed. One that is sent must be good all the same.
	Public bool `json:"public,omitempty"`
	// The endpoint checks credentials by itself that are sent under a scheme unknown to the gate, such as `Basic`, and gets
	// them as they came. Only together with `public`.
	OwnCredentials bool `json:"own_credentials,omitempty"`
	// The request may be upgraded to a WebSocket.
	WebSocket bool `json:"websocket,omitempty"`
	// Parameters of the path may hold `%2F`.
	EncodedSlash bool `json:"encoded_slash,omitempty"`
	// The path may hold `;`.
	Semicolon bool `json:"semicolon,omitempty"`
	// The path may hold text beyond ASCII, in valid UTF-8.
	NonASCII bool `json:"non_ascii,omitempty"`
	// Refuse personal access tokens.
	NoPersonalTokens bool `json:"no_personal_tokens,omitempty"`
	// What remote staff need: permissions such as `env.read`, all of them, or the one class that closes the row to them, such
	// as `certificates`. Default: the row is closed to remote staff.
	Remote []string `json:"remote,omitempty"`
	EndpointAsk
	// Where the row was written, for error messages.
	Origin string `json:"origin,omitempty"`
}

// EndpointAsk is what a request has to be granted by the policies of the user that its credential stands for. Its keys
// are those of a catalogue file. Without any of them the policies are not asked.
type EndpointAsk struct {
	// IAM permissions `service:resource:action`, 1 to 8. The user needs all of them.
	Permissions []string `json:"permission,omitempty"`
	// Where the request says what it is about: a place of it for each attribute `service:name` that conditions of
	// policies may read. At most 16. An attribute that is not listed is not known.
	Attributes map[string]AttributeSource `json:"attributes,omitempty"`
	// Query parameters that continue an earlier request. With one of them no attribute is known. At most 8.
	PageKeys []string `json:"page_keys,omitempty"`
	// Permissions that are needed as well where a query parameter is given with any value but `false`. At most 8.
	QueryPermissions map[string]string `json:"query_permissions,omitempty"`
	// The largest body in bytes, up to 64 MiB. It counts only where an attribute stands in the body. Default: 1 MiB.
	MaxBody int64 `json:"max_body,omitempty"`
}

// AttributeSource says where the value of an attribute stands: in one place, or in one of several.
type AttributeSource struct {
	RequestPlace
	// The first of these places that has anything counts, even if it cannot be read.
	Alternatives []RequestPlace `json:"alternatives,omitempty"`
	// Those of these places that have anything must say the same.
	Agree []RequestPlace `json:"agree,omitempty"`
	// What several values mean: `each` is a thing of its own, or all are one `list` of a single thing. Default: `each`.
	Multi string `json:"multi,omitempty"`
}

// RequestPlace is one place of a request: exactly one of its first six fields.
type RequestPlace struct {
	// A parameter of the row's path.
	Path string `json:"path,omitempty"`
	// A query parameter. Every occurrence counts.
	Query string `json:"query,omitempty"`
	// A header. Every line counts.
	Header string `json:"header,omitempty"`
	// A JSON pointer into the body, with `*` for every element of an array: `/items/*/id`.
	Body string `json:"body,omitempty"`
	// A claim of the verified credential.
	Claim string `json:"claim,omitempty"`
	// The value itself. Placeholders are not filled in.
	Constant string `json:"constant,omitempty"`
	// Separates several values in one text of a query parameter or header.
	Split string `json:"split,omitempty"`
	// Takes apart a text that names several things. There is `settings-object-id`, with the fields `schemaId` and `scope`.
	Decode string `json:"decode,omitempty"`
	// What to take of the decoded text.
	Field string `json:"field,omitempty"`
}

// row turns the configured form into the table's.
func (r EndpointRow) row() (endpoint.Endpoint, error) {
	p, err := endpoint.ParsePattern(r.Endpoint)
	if err != nil {
		return endpoint.Endpoint{}, r.at(err)
	}
	e := endpoint.Endpoint{
		Method: p.Method, Template: p.Template, Origin: r.Origin,
		Scopes: r.Scopes, OAuthScopes: r.OAuthScopes, AnyToken: r.AnyToken, Public: r.Public, OwnCredentials: r.OwnCredentials,
		WebSocket: r.WebSocket, EncodedSlash: r.EncodedSlash, Semicolon: r.Semicolon, NonASCII: r.NonASCII,
	}
	if r.NoPersonalTokens {
		e.Personal = endpoint.No
	}
	if r.Remote != nil {
		rule, err := endpoint.ParseRemote(r.Remote)
		if err != nil {
			return endpoint.Endpoint{}, r.at(fmt.Errorf("%s: remote: %w", p, err))
		}
		e.Remote = []endpoint.RemoteRule{rule}
	}
	if e.Ask, err = r.rule(); err != nil {
		return endpoint.Endpoint{}, r.at(fmt.Errorf("%s: attributes: %w", p, err))
	}
	return e, nil
}

// rule turns the configured form into that of the table, nil where nothing is asked. An empty list counts as given: what
// was meant to guard a row must not vanish in silence.
func (a *EndpointAsk) rule() (*attribute.Rule, error) {
	if a.Permissions == nil && a.Attributes == nil && a.PageKeys == nil && a.QueryPermissions == nil && a.MaxBody == 0 {
		return nil, nil
	}
	rule := &attribute.Rule{Permissions: a.Permissions, PageKeys: a.PageKeys, MaxBody: a.MaxBody}
	for _, name := range slices.Sorted(maps.Keys(a.Attributes)) {
		configured := a.Attributes[name]
		source, err := configured.source()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		binding := attribute.Binding{Name: name, Source: source, List: configured.Multi == multiList}
		rule.Attributes = append(rule.Attributes, binding)
	}
	for _, name := range slices.Sorted(maps.Keys(a.QueryPermissions)) {
		needed := attribute.QueryPermission{Parameter: name, Permission: a.QueryPermissions[name]}
		rule.QueryPermissions = append(rule.QueryPermissions, needed)
	}
	return rule, nil
}

// The values of AttributeSource.Multi.
const (
	multiEach = "each"
	multiList = "list"
)

// source turns the configured form into the table's, which can hold one place or choice only. What else may be wrong
// with it is for the table to see.
func (a *AttributeSource) source() (attribute.Source, error) {
	if a.Multi != "" && a.Multi != multiEach && a.Multi != multiList {
		return attribute.Source{}, fmt.Errorf("multi: expected each or list, found %.80q", a.Multi)
	}
	source, given := a.RequestPlace.source()
	for _, choice := range []struct {
		kind   attribute.SourceKind
		places []RequestPlace
	}{{attribute.FromFirst, a.Alternatives}, {attribute.FromAgreeing, a.Agree}} {
		if choice.places == nil {
			continue
		}
		source.Kind, given = choice.kind, append(given, string(choice.kind))
		for i := range choice.places {
			part, given := choice.places[i].source()
			if len(given) != 1 {
				return source, fmt.Errorf("%s: %w", choice.kind, notOnePlace(given))
			}
			source.Sources = append(source.Sources, part)
		}
	}
	if len(given) != 1 {
		return source, notOnePlace(given)
	}
	return source, nil
}

// source turns the configured form into the table's and names the places that are given, of which there should be one.
func (p *RequestPlace) source() (source attribute.Source, given []string) {
	source = attribute.Source{Split: p.Split, Decode: p.Decode, Field: p.Field}
	for _, place := range p.fields() {
		if *place.text != "" {
			source.Kind, source.Name = place.kind, *place.text
			given = append(given, string(place.kind))
		}
	}
	return source, given
}

func notOnePlace(given []string) error {
	if len(given) == 0 {
		return errors.New("nothing says where the value stands; expected path, query, header, body, claim or constant, " +
			"or a choice of these under alternatives or agree")
	}
	return fmt.Errorf("expected one place, found %s; put them under alternatives or agree", strings.Join(given, " and "))
}

// placeField is one of the fields of which a RequestPlace has one.
type placeField struct {
	kind attribute.SourceKind
	what string // in the words of errors
	text *string
}

func (p *RequestPlace) fields() []placeField {
	return []placeField{
		{attribute.FromPath, "a parameter of the path", &p.Path},
		{attribute.FromQuery, "a query parameter", &p.Query},
		{attribute.FromHeader, "a header", &p.Header},
		{attribute.FromBody, "a JSON pointer such as /items/*/id", &p.Body},
		{attribute.FromClaim, "a claim of the credential", &p.Claim},
		{attribute.FromConstant, "the value itself", &p.Constant},
	}
}

func (r EndpointRow) at(err error) error {
	if r.Origin == "" {
		return err
	}
	return fmt.Errorf("%s: %w", r.Origin, err)
}
