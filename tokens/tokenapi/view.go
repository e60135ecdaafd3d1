package tokenapi

import "github.com/doorward/doorward/tokens"

// apiToken is a token in an answer. What is not asked for, or does not exist, is absent. There is no additional metadata
// here for any token, so that field never shows.
type apiToken struct {
	ID                string    `json:"id"`
	Name              *string   `json:"name,omitempty"`
	Enabled           *bool     `json:"enabled,omitempty"`
	Personal          *bool     `json:"personalAccessToken,omitempty"`
	Owner             *string   `json:"owner,omitempty"`
	Created           *string   `json:"creationDate,omitempty"`
	Expires           *string   `json:"expirationDate,omitempty"`
	LastUsed          *string   `json:"lastUsedDate,omitempty"`
	LastUsedIP        string    `json:"lastUsedIpAddress,omitempty"`
	Modified          *string   `json:"modifiedDate,omitempty"`
	Scopes            *[]string `json:"scopes,omitempty"`
	Networks          []string  `json:"allowedNetworks,omitempty"`
	Staff             bool      `json:"staff,omitempty"`
	UnusedScopes      *[]string `json:"unusedScopes,omitempty"`
	UnusedScopesSince *string   `json:"unusedScopesSince,omitempty"`
}

// view is what an answer says of a token.
func view(r tokens.Record, f fields) apiToken {
	t := apiToken{ID: r.ID}
	if f&fieldName != 0 {
		t.Name = &r.Name
	}
	if f&fieldEnabled != 0 {
		t.Enabled = &r.Enabled
	}
	if f&fieldPersonal != 0 {
		t.Personal = &r.Personal
	}
	if f&fieldOwner != 0 {
		t.Owner = &r.Owner
	}
	if f&fieldLastUsedIP != 0 {
		t.LastUsedIP = r.LastUsedIP
	}
	if f&fieldScopes != 0 {
		t.Scopes = list(r.Scopes)
	}
	if f&fieldNetworks != 0 {
		t.Networks = r.Networks
	}
	if f&fieldStaff != 0 {
		t.Staff = r.Staff
	}
	t.dates(r, f)
	return t
}

func (t *apiToken) dates(r tokens.Record, f fields) {
	if f&fieldCreated != 0 {
		t.Created = date(r.Created)
	}
	if f&fieldExpires != 0 {
		t.Expires = date(r.Expires)
	}
	if f&fieldLastUsed != 0 {
		t.LastUsed = date(r.LastUsed)
	}
	if f&fieldModified != 0 {
		t.Modified = date(r.Modified)
	}
}

// list is never null in an answer.
func list(values []string) *[]string {
	if values == nil {
		values = []string{}
	}
	return &values
}
