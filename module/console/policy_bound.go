package console

import (
	"net/url"
	"slices"
	"strings"
)

// policyBound are the bindings of a policy at one level.
type policyBound struct {
	leveled
	Bindings []policyTerms `json:"policyBindings"`
}

// policyTerms are the groups that have a policy on the same terms.
type policyTerms struct {
	Groups     several           `json:"groups"`
	Parameters map[string]string `json:"parameters"`
	Boundaries []string          `json:"boundaries"`
	Shadow     bool              `json:"shadow"`

	Holders []policyHolder `json:"-"` // the first ones of the groups
	Within  []boundary     `json:"-"` // the boundaries, by name where these may be listed
}

// policyHolder is a group that has the policy.
type policyHolder struct{ Name, Path string } // Path is the page of the binding

// maxBoundLevels bounds the levels of which the bindings of a policy are shown.
const maxBoundLevels = "200"

// boundWhere are the bindings of a policy everywhere in the account.
func (v *visit) boundWhere(p *storedPolicy) ([]policyBound, error) {
	var page struct {
		Content []policyBound `json:"content"`
	}
	err := v.api.Get(p.Level.api("bindings", "descendants", p.ID), url.Values{"size": {maxBoundLevels}}, &page)
	if err != nil || len(page.Content) == 0 {
		return nil, err
	}
	here, err := v.place()
	if err != nil {
		return nil, err
	}
	n, err := v.termNames(here)
	if err != nil {
		return nil, err
	}
	for _, at := range page.Content {
		for i := range at.Bindings {
			at.Bindings[i].fill(n, p, at.Level())
		}
	}
	return page.Content, nil
}

// fill says what the identifiers stand for.
func (b *policyTerms) fill(n names, p *storedPolicy, at policyLevel) {
	for _, id := range b.Groups.First() {
		b.Holders = append(b.Holders, policyHolder{n.group(id).Name, to("/bindings", at.Key(), p.ID, id)})
	}
	for _, id := range b.Boundaries {
		b.Within = append(b.Within, n.boundary(id))
	}
}

func (b policyBound) anyShadow() bool {
	return slices.ContainsFunc(b.Bindings, func(one policyTerms) bool { return one.Shadow })
}

// sentence says to which groups the policy is bound at the level.
func (b policyBound) sentence() string {
	var shown []string
	count := 0
	for _, one := range b.Bindings {
		count += len(one.Groups)
		for _, holder := range one.Holders {
			shown = append(shown, holder.Name)
		}
	}
	shown = shown[:min(len(shown), firstOfSeveral)]
	rest := ""
	if more := count - len(shown); more > 0 {
		rest = " and " + number(more) + " more"
	}
	return "It is bound to " + plural(count, "group", "groups") + " (" + b.Level().Label() + "): " + strings.Join(shown, ", ") + rest + "."
}
