package module

import (
	"fmt"

	"github.com/doorward/doorward/tokens"
)

// TokenFormat describes a kind of token: `prefix.public.secret`. One with the prefix of a built-in kind replaces it.
type TokenFormat struct {
	// What the tokens begin with: a lower-case letter and 2 to 15 lower-case letters or digits, such as `shop01`.
	Prefix string `json:"prefix"`
	// What people call it. Default: `access token`.
	Name string `json:"name,omitempty"`
	// Accepted lengths of the public part, 8 to 128; new tokens get the first. Default: 24.
	Public []int `json:"public,omitempty"`
	// Length of the secret part, 40 to 128. Default: 64, which is 320 random bits.
	Secret int `json:"secret,omitempty"`
	// Authentication schemes under which the tokens are sent: `Api-Token`, `Bearer`. Default: `Bearer`.
	Schemes []string `json:"schemes,omitempty"`
	// Judge the tokens by the OAuth scopes of an endpoint, not by its token scopes.
	OAuth bool `json:"oauth,omitempty"`
}

// tokenFormats adds the configured formats to the built-in ones.
func tokenFormats(configured []TokenFormat) (*tokens.Formats, error) {
	custom := make([]tokens.Format, 0, len(configured))
	for _, c := range configured {
		f, err := c.format()
		if err != nil {
			return nil, err
		}
		custom = append(custom, f)
	}
	return tokens.NewFormats(custom...)
}

func (c TokenFormat) format() (tokens.Format, error) {
	f := tokens.Format{Prefix: c.Prefix, Name: c.Name, Public: c.Public, Secret: c.Secret, Mintable: true}
	if f.Name == "" {
		f.Name = "access token"
	}
	if c.OAuth {
		f.Class = tokens.ClassOAuth
	}
	for _, name := range c.Schemes {
		scheme, known := tokens.ParseScheme(name)
		if !known {
			return f, fmt.Errorf("token format %q: scheme %q: expected Api-Token or Bearer", c.Prefix, name)
		}
		f.Schemes = append(f.Schemes, scheme)
	}
	if len(f.Schemes) == 0 {
		f.Schemes = []tokens.Scheme{tokens.Bearer}
	}
	return f, nil
}
