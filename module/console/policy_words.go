package console

import "encoding/json"

// policyVocabulary is what a policy may name, as short as a script needs it: the editor fetches it when somebody begins to type.
type policyVocabulary struct {
	Permissions map[string][]string `json:"permissions"` // with the conditions of each
	Conditions  map[string][]string `json:"conditions"`  // with the operators of each
	Globals     []string            `json:"globals"`     // conditions of every permission
	Attributes  []string            `json:"attributes"`  // names that ${global:…} can have
	Lists       []string            `json:"lists"`       // operators that take a list in parentheses
}

type catalogCondition struct {
	Name      string   `json:"name"`
	Operators []string `json:"operators"`
}

// policyWords are for the completion in the editor.
func (v *visit) policyWords() error {
	var catalog struct {
		Services []struct {
			Permissions []struct {
				Name       string             `json:"name"`
				Conditions []catalogCondition `json:"conditions"`
			} `json:"permissions"`
		} `json:"services"`
		Globals    []catalogCondition `json:"globals"`
		Attributes []string           `json:"attributes"`
		Operators  []struct {
			Name string `json:"name"`
			List bool   `json:"list"`
		} `json:"operators"`
	}
	if err := v.api.Get("/api/doorward/v1/policies/catalog", nil, &catalog); err != nil {
		return err
	}
	words := policyVocabulary{Permissions: map[string][]string{}, Conditions: map[string][]string{}, Globals: []string{}, Attributes: catalog.Attributes}
	for _, service := range catalog.Services {
		for _, p := range service.Permissions {
			words.Permissions[p.Name] = list(words.take(p.Conditions))
		}
	}
	words.Globals = words.take(catalog.Globals)
	for _, o := range catalog.Operators {
		if o.List {
			words.Lists = append(words.Lists, o.Name)
		}
	}
	text, err := json.Marshal(words)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	_, _ = v.w.Write(text) // a client that has gone needs no words
	return nil
}

// take keeps the operators of conditions, and gives their names.
func (w *policyVocabulary) take(conditions []catalogCondition) (names []string) {
	for _, c := range conditions {
		names = append(names, c.Name)
		if len(w.Conditions[c.Name]) < len(c.Operators) {
			w.Conditions[c.Name] = c.Operators
		}
	}
	return names
}
