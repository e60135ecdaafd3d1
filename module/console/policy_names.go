package console

import (
	"net/http"
	"slices"
)

// policyRef is a policy in a listing, without its text.
type policyRef struct {
	UUID        string `json:"uuid"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Shadow      bool   `json:"shadow"`
	leveled
}

// Path is the page of the policy; "" where nobody says at which level it is.
func (p policyRef) Path() string {
	if p.LevelType == "" {
		return ""
	}
	return p.Level().page(p.UUID)
}

// policyNames are the policies that can be bound at a level: those of the level and of the levels above it.
type policyNames struct {
	All     []policyRef
	byID    map[string]policyRef
	Refusal *Refusal // why they cannot be listed; nil where they are
}

// policies lists them, by name.
func (v *visit) policies(at policyLevel) (policyNames, error) {
	var list struct {
		All []policyRef `json:"policyOverviewList"`
	}
	err := v.api.Get(at.api("policies", "aggregate"), nil, &list)
	if isRefusal(err, http.StatusForbidden) {
		return policyNames{Refusal: refused(err)}, nil
	}
	slices.SortFunc(list.All, func(a, b policyRef) int { return byText(a.Name, b.Name) })
	n := policyNames{All: list.All, byID: make(map[string]policyRef, len(list.All))}
	for _, p := range list.All {
		n.byID[p.UUID] = p
	}
	return n, err
}

// of is the policy with an identifier. One that is not known is called by it.
func (n policyNames) of(uuid string) policyRef {
	if p, known := n.byID[uuid]; known {
		return p
	}
	return policyRef{UUID: uuid, Name: uuid}
}

// policyText is the text of a policy that can be bound at a level. Where the listing does not say at which level it is itself,
// that is tried, from the narrowest on.
func (v *visit) policyText(p policyRef, at policyLevel) (string, error) {
	var whole storedPolicy
	levels := []policyLevel{p.Level()}
	if p.LevelType == "" {
		levels = []policyLevel{at, accountPolicies, builtInPolicies}
	}
	var err error
	for _, l := range levels {
		err = v.api.Get(l.api("policies", p.UUID), nil, &whole)
		if !isRefusal(err, http.StatusNotFound) {
			break
		}
	}
	return whole.Text, err
}
