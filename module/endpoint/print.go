package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/doorward/doorward/tokens/scope"
)

// scopeRow is a scope as a file has it.
type scopeRow struct {
	Value     string   `json:"value"`
	Name      string   `json:"name,omitempty"`
	Group     string   `json:"group,omitempty"`
	Creatable *bool    `json:"creatable,omitempty"` // absent means true
	Personal  bool     `json:"personal,omitempty"`
	Cluster   bool     `json:"cluster,omitempty"`
	OAuth     []string `json:"oauth,omitempty"`
}

// aliasRow is an alias as a file has it.
type aliasRow struct {
	Prefix     string `json:"prefix"`
	For        string `json:"for"`
	BearerOnly bool   `json:"bearer_only,omitempty"`
}

// endpointRow is an endpoint as a file has it, in the order in which it reads well. Its keys are those that
// schema.endpoint reads; a key that one of the two forgets fails the test that reads back what was printed.
type endpointRow struct {
	Endpoint        string   `json:"endpoint"`
	API             string   `json:"api,omitempty"`
	Realm           string   `json:"realm,omitempty"`
	Scopes          []string `json:"scopes,omitempty"`
	OAuthScopes     []string `json:"oauth_scopes,omitempty"`
	Permissions     []string `json:"permissions,omitempty"`
	AnyToken        bool     `json:"any_token,omitempty"`
	Public          bool     `json:"public,omitempty"`
	OwnCredentials  bool     `json:"own_credentials,omitempty"`
	BearerOnly      bool     `json:"bearer_only,omitempty"`
	Personal        *bool    `json:"personal,omitempty"` // absent means unknown
	Derived         bool     `json:"derived,omitempty"`
	Deprecated      bool     `json:"deprecated,omitempty"`
	PossiblyRemoved bool     `json:"possibly_removed,omitempty"`
	WebSocket       bool     `json:"websocket,omitempty"`
	EncodedSlash    []string `json:"encoded_slash,omitempty"`
	NonASCII        bool     `json:"non_ascii,omitempty"`
	Semicolon       bool     `json:"semicolon,omitempty"`
	Remote          any      `json:"remote,omitempty"` // a text, several, or rules
	Masked          []string `json:"masked,omitempty"`
	askRow
}

// Print writes the catalogue as a JSON file, one row per line so that a change of one row is a change of one line. What
// Parse reads from it equals c but for origins.
func (c *Catalog) Print() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n\"catalog\":%q", c.Name)
	err := printRows(&b, "scopes", c.Scopes, newScopeRow)
	if err == nil {
		err = printRows(&b, "aliases", c.Aliases, newAliasRow)
	}
	if err == nil {
		err = printRows(&b, "remote", c.Remote, newRemoteRow)
	}
	if err == nil {
		err = printRows(&b, "endpoints", c.Endpoints, newEndpointRow)
	}
	b.WriteString("\n}\n")
	return b.Bytes(), err
}

// printRows writes a key with its list; nothing for an empty one. The layout is made by hand because an encoder indents
// every field or none, and a diff of either is hard to read.
func printRows[T, R any](b *bytes.Buffer, key string, things []T, row func(T) R) error {
	if len(things) == 0 {
		return nil
	}
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false) // '&' and '<' are ordinary in paths and names
	fmt.Fprintf(b, ",\n%q:[\n", key)
	for i, thing := range things {
		if err := encoder.Encode(row(thing)); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the encoder's own line break
		if i < len(things)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteByte(']')
	return nil
}

func newScopeRow(s scope.Scope) scopeRow {
	row := scopeRow{Value: s.Value, Name: s.Name, Group: s.Group, Personal: s.Personal, Cluster: s.Cluster, OAuth: s.OAuth}
	if !s.Creatable {
		row.Creatable = new(false)
	}
	return row
}

func newAliasRow(a Alias) aliasRow { return aliasRow{a.Prefix, a.For, a.BearerOnly} }

func newEndpointRow(e Endpoint) endpointRow {
	row := endpointRow{
		Endpoint: e.Method + " " + e.Template, API: e.API,
		Scopes: e.Scopes, OAuthScopes: e.OAuthScopes, Permissions: e.Permissions,
		AnyToken: e.AnyToken, Public: e.Public, OwnCredentials: e.OwnCredentials, BearerOnly: e.BearerOnly, Derived: e.Derived,
		Deprecated: e.Deprecated, PossiblyRemoved: e.PossiblyRemoved,
		WebSocket: e.WebSocket, EncodedSlash: e.SlashParams, NonASCII: e.NonASCII, Semicolon: e.Semicolon,
		Remote: newRemote(e.Remote), Masked: e.Masked, askRow: newAskRow(e.Ask),
	}
	if e.ClusterRealm {
		row.Realm = "cluster"
	}
	if e.Personal != Unknown {
		row.Personal = new(e.Personal == Yes)
	}
	return row
}
