package console

import "slices"

// scopeGroup is a group of scopes in a picker, as the catalogue has it.
type scopeGroup struct {
	Name   string      `json:"name"`
	Scopes []scopeItem `json:"scopes"`
}

type scopeItem struct {
	Value     string `json:"value"`
	Name      string `json:"name"`
	Creatable bool   `json:"creatable"`
	Personal  bool   `json:"personal"`
	Cluster   bool   `json:"cluster"`

	Chosen bool `json:"-"`
}

// scopes are all that tokens of this gateway can have.
func (v *visit) scopes() ([]scopeGroup, error) {
	var list struct {
		Groups []scopeGroup `json:"groups"`
	}
	err := v.api.Get("/api/doorward/v1/scopes", nil, &list)
	return list.Groups, err
}

// scopesIfAllowed is for pages that are of use without: who may not list them sees the bare values.
func (v *visit) scopesIfAllowed() []scopeGroup {
	groups, err := v.scopes()
	if err != nil {
		return nil
	}
	return groups
}

// Picker is a choice of scopes, for the part "picker".
type Picker struct {
	Field
	Groups []scopeGroup
}

// pick is a picker of those scopes that a token of the kind can be given, and those that it has. What was chosen and is none
// of them, because the catalogue changed or somebody wrote the form, is kept in a group of its own: the API says what is
// wrong with it.
func pick(f Field, groups []scopeGroup, personal bool, chosen []string) Picker {
	p := Picker{Field: f}
	known := map[string]bool{}
	for _, g := range groups {
		offered := scopeGroup{Name: g.Name}
		for _, s := range g.Scopes {
			s.Chosen = slices.Contains(chosen, s.Value)
			if !s.Chosen && (!s.Creatable || personal && !s.Personal) {
				continue
			}
			known[s.Value] = true
			offered.Scopes = append(offered.Scopes, s)
		}
		if offered.Scopes != nil {
			p.Groups = append(p.Groups, offered)
		}
	}
	others := scopeGroup{Name: "Not in the catalogue"}
	for _, value := range chosen {
		if !known[value] {
			others.Scopes = append(others.Scopes, scopeItem{Value: value, Chosen: true})
		}
	}
	if others.Scopes != nil {
		p.Groups = append(p.Groups, others)
	}
	return p
}

// Some reports whether a scope of the group is chosen: such a group is shown open.
func (g scopeGroup) Some() bool {
	return slices.ContainsFunc(g.Scopes, func(s scopeItem) bool { return s.Chosen })
}
