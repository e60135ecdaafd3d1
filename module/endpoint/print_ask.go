package endpoint

import "github.com/doorward/doorward/module/attribute"

// askRow is the part of an endpoint that schema.ask reads.
type askRow struct {
	Permission       any                  `json:"permission,omitempty"` // a text, or several
	Attributes       map[string]sourceRow `json:"attributes,omitempty"`
	PageKeys         []string             `json:"page_keys,omitempty"`
	QueryPermissions map[string]string    `json:"query_permissions,omitempty"`
	MaxBody          int64                `json:"max_body,omitempty"`
}

// sourceRow is one place of a request, and for an attribute how several values are meant.
type sourceRow struct {
	Path         string      `json:"path,omitempty"`
	Query        string      `json:"query,omitempty"`
	Header       string      `json:"header,omitempty"`
	Body         string      `json:"body,omitempty"`
	Claim        string      `json:"claim,omitempty"`
	Constant     string      `json:"constant,omitempty"`
	Alternatives []sourceRow `json:"alternatives,omitempty"`
	Agree        []sourceRow `json:"agree,omitempty"`
	Split        string      `json:"split,omitempty"`
	Decode       string      `json:"decode,omitempty"`
	Field        string      `json:"field,omitempty"`
	Multi        string      `json:"multi,omitempty"` // absent means each
}

func newAskRow(rule *attribute.Rule) askRow {
	if rule == nil {
		return askRow{}
	}
	row := askRow{PageKeys: rule.PageKeys, MaxBody: rule.MaxBody, Permission: rule.Permissions}
	if len(rule.Permissions) == 1 {
		row.Permission = rule.Permissions[0]
	}
	if len(rule.Attributes) > 0 {
		row.Attributes = make(map[string]sourceRow, len(rule.Attributes))
	}
	for _, b := range rule.Attributes {
		source := newSourceRow(b.Source)
		if b.List {
			source.Multi = "list"
		}
		row.Attributes[b.Name] = source
	}
	if len(rule.QueryPermissions) > 0 {
		row.QueryPermissions = make(map[string]string, len(rule.QueryPermissions))
	}
	for _, q := range rule.QueryPermissions {
		row.QueryPermissions[q.Parameter] = q.Permission
	}
	return row
}

func newSourceRow(s attribute.Source) sourceRow {
	row := sourceRow{Split: s.Split, Decode: s.Decode, Field: s.Field}
	var parts []sourceRow
	for _, part := range s.Sources {
		parts = append(parts, newSourceRow(part))
	}
	switch s.Kind {
	case attribute.FromPath:
		row.Path = s.Name
	case attribute.FromQuery:
		row.Query = s.Name
	case attribute.FromHeader:
		row.Header = s.Name
	case attribute.FromBody:
		row.Body = s.Name
	case attribute.FromClaim:
		row.Claim = s.Name
	case attribute.FromConstant:
		row.Constant = s.Name
	case attribute.FromFirst:
		row.Alternatives = parts
	case attribute.FromAgreeing:
		row.Agree = parts
	}
	return row
}
