package pap

import (
	"encoding/json"
	"maps"

	"github.com/doorward/doorward/internal/audit"
)

// PolicyEvent completes the audit event of an update with what it changed. Stores call it, and the three functions below,
// because only they know the record that an update has found.
func PolicyEvent(e audit.Event, before, after Policy) audit.Event {
	e.Patch = patchOf(auditedPolicy(before), auditedPolicy(after))
	return e
}

// BoundaryEvent is PolicyEvent for a boundary.
func BoundaryEvent(e audit.Event, before, after Boundary) audit.Event {
	e.Patch = patchOf(auditedBoundary(before), auditedBoundary(after))
	return e
}

// GroupEvent is PolicyEvent for a group.
func GroupEvent(e audit.Event, before, after Group) audit.Event {
	e.Patch = patchOf(auditedGroup(before), auditedGroup(after))
	return e
}

// UserEvent is PolicyEvent for a user.
func UserEvent(e audit.Event, before, after User) audit.Event {
	e.Patch = patchOf(auditedUser(before), auditedUser(after))
	return e
}

// patchOf is what makes after of before; nil is a thing that is not there.
func patchOf(before, after any) string {
	patch, err := audit.Patch(before, after)
	if err != nil {
		return "" // only texts, lists and maps of texts get here, which always can be written
	}
	return patch
}

// The forms below are what a patch compares: what people decide about a thing. Times and identifiers are in the event.

func auditedPolicy(p Policy) any {
	return struct {
		LevelType   string   `json:"levelType"`
		LevelID     string   `json:"levelId"`
		Name        string   `json:"name"`
		Description string   `json:"description,omitempty"`
		Tags        []string `json:"tags,omitempty"`
		Statement   text     `json:"statement"`
		Shadow      bool     `json:"shadow,omitempty"`
	}{string(p.Level.Type), p.Level.ID, p.Name, p.Description, p.Tags, text(p.Statement), p.Shadow}
}

func auditedBoundary(b Boundary) any {
	return struct {
		Account  string `json:"account"`
		Name     string `json:"name"`
		Query    text   `json:"query"`
		Metadata pairs  `json:"metadata,omitempty"`
	}{b.AccountID, b.Name, text(b.Query), b.Metadata}
}

func auditedBinding(b Binding) any {
	return struct {
		LevelType  string   `json:"levelType"`
		LevelID    string   `json:"levelId"`
		Policy     string   `json:"policyUuid"`
		Group      string   `json:"group"`
		Parameters pairs    `json:"parameters,omitempty"`
		Boundaries []string `json:"boundaries,omitempty"`
		Metadata   pairs    `json:"metadata,omitempty"`
		Shadow     bool     `json:"shadow,omitempty"`
	}{string(b.Level.Type), b.Level.ID, b.PolicyUUID, b.GroupUUID, b.Parameters, b.Boundaries, b.Metadata, b.Shadow}
}

func auditedGroup(g Group) any {
	var permissions []string
	for _, p := range g.Permissions {
		permissions = append(permissions, p.Name+" "+p.ScopeType+" "+p.Scope)
	}
	return struct {
		Account         string   `json:"account"`
		Name            string   `json:"name"`
		Description     string   `json:"description,omitempty"`
		FederatedValues []string `json:"federatedAttributeValues,omitempty"`
		Owner           Owner    `json:"owner"`
		Permissions     []string `json:"permissions,omitempty"`
	}{g.AccountID, g.Name, g.Description, g.FederatedValues, g.Owner, permissions}
}

func auditedUser(u User) any {
	return struct {
		Account     string `json:"account"`
		Email       string `json:"email"`
		Name        string `json:"name,omitempty"`
		Description string `json:"description,omitempty"`
		ServiceUser bool   `json:"serviceUser,omitempty"`
	}{u.AccountID, u.Email, u.Name, u.Description, u.ServiceUser}
}

// pairs are audited as they are where they are short. Long ones are the client's own notes more often than not, and one
// request can give them to a thousand bindings.
type pairs map[string]string

// MarshalJSON writes the pairs, or the digest and length of their JSON text where that is long.
func (p pairs) MarshalJSON() ([]byte, error) {
	plain, err := json.Marshal(maps.Clone(map[string]string(p)))
	if err != nil || len(plain) <= maxAuditedText {
		return plain, err
	}
	return text(plain).MarshalJSON()
}
