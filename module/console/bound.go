package console

import (
	"net/http"
)

// bound is what a policy comes to under a binding, for the part "bound".
type bound struct {
	Statements  []boundStatement
	Total       int
	Diagnostics []diagnostic // why there are none
	Refusal     *Refusal     // why it cannot be told; nil where it can
}

// boundStatement is a statement with the parameters and boundaries of a binding in it.
type boundStatement struct {
	Text       string `json:"text"`
	Effect     string `json:"effect"`
	Permission string `json:"permission"`
	Boundary   string `json:"boundary"`
	IncludedIn string `json:"includedIn"`
}

// Mark is how the stylesheet knows the effect.
func (s boundStatement) Mark() string {
	if s.Effect == "DENY" {
		return "bad"
	}
	return "good"
}

// maxBound is how many statements a page shows.
const maxBound = 100

// bound asks the API what a text comes to.
func (v *visit) bound(p policyRef, text string, parameters map[string]string, within []boundary) (*bound, error) {
	body := map[string]any{"statementQuery": text}
	if at := p.Level(); at.Type == "environment" {
		body["levelType"], body["levelId"] = at.Type, at.ID
	}
	if len(parameters) > 0 {
		body["parameters"] = parameters
	}
	var boundaries []map[string]string
	for _, b := range within {
		boundaries = append(boundaries, map[string]string{"name": b.Name, "boundaryQuery": b.Query})
	}
	if boundaries != nil {
		body["boundaries"] = boundaries
	}
	var answer struct {
		Diagnostics []diagnostic `json:"diagnostics"`
		Bound       *struct {
			Diagnostics []diagnostic     `json:"diagnostics"`
			Total       int              `json:"totalCount"`
			Statements  []boundStatement `json:"statements"`
		} `json:"bound"`
	}
	err := v.api.Call(http.MethodPost, "/api/doorward/v1/policies/check", body, &answer)
	if r := refused(err); r != nil && (r.Status == http.StatusForbidden || r.Status == http.StatusBadRequest) {
		return &bound{Refusal: r}, nil
	}
	made := &bound{Diagnostics: answer.Diagnostics}
	if b := answer.Bound; b != nil {
		made.Diagnostics = append(made.Diagnostics, b.Diagnostics...)
		made.Total, made.Statements = b.Total, b.Statements[:min(len(b.Statements), maxBound)]
	}
	return made, err
}

// parametersOf are those that a binding of the policy has to give. Where the text cannot be checked nobody knows, and the API says
// what is missing when it is bound.
func (v *visit) parametersOf(text string) ([]string, error) {
	var answer checkedText
	err := v.api.Call(http.MethodPost, "/api/doorward/v1/policies/check", map[string]string{"statementQuery": text}, &answer)
	if isRefusal(err, http.StatusForbidden) {
		return nil, nil
	}
	return answer.Parameters, err
}
