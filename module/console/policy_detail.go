package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// storedPolicy is a policy as the API writes it.
type storedPolicy struct {
	ID          string            `json:"uuid"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Tags        []string          `json:"tags"`
	Text        string            `json:"statementQuery"`
	Statements  []policyStatement `json:"statements"`
	Shadow      bool              `json:"shadow"`

	Level policyLevel `json:"-"`
}

// policyStatement is a statement taken apart.
type policyStatement struct {
	Effect      string            `json:"effect"`
	Permissions several           `json:"permissions"`
	Conditions  []policyCondition `json:"conditions"`
}

// Mark is how the stylesheet knows the effect.
func (s policyStatement) Mark() string {
	if s.Effect == "ALLOW" {
		return "good"
	}
	return "bad"
}

type policyCondition struct {
	Name     string   `json:"name"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// Words are the condition as it is read aloud.
func (c policyCondition) Words() string {
	operator := cmp.Or(conditionWords[c.Operator], c.Operator)
	return c.Name + " " + operator + " " + strings.Join(c.Values, ", ")
}

// conditionWords are operators by their names in the API.
var conditionWords = map[string]string{
	"EQ": "=", "NEQ": "!=", "LT": "<", "GT": ">", "IN": "in", "NOT_IN": "not in", "STARTS_WITH": "starts with",
	"NOT_STARTS_WITH": "does not start with", "MATCH": "matches",
}

// several are so many that a page shows the first ones only.
type several []string

const firstOfSeveral = 12

// First are those that are shown.
func (s several) First() []string { return s[:min(len(s), firstOfSeveral)] }

// More is how many are left out.
func (s several) More() int { return len(s) - len(s.First()) }

// policyDetail is what the template of one policy gets.
type policyDetail struct {
	Policy  storedPolicy
	Here    string
	Source  []sourceLine
	Bound   []policyBound
	Unseen  *Refusal // where it is bound may not be seen
	Checked findings
	Trial   *policyTrial // nil: nothing is on trial
}

func (v *visit) showPolicy() error {
	p, err := v.policy()
	if err != nil {
		return err
	}
	here := p.Level.page(p.ID)
	content := policyDetail{Policy: *p, Here: here, Source: sourceOf(p.Text)}
	if content.Bound, err = v.boundWhere(p); err != nil {
		if content.Unseen = refused(err); content.Unseen == nil {
			return err
		}
	}
	if content.Checked, _, err = v.check(p.Level, p.Text); err != nil {
		return err
	}
	if p.Shadow || slices.ContainsFunc(content.Bound, policyBound.anyShadow) {
		if content.Trial, err = v.trialOf(p.ID); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "policy", Page{Title: p.Name, Section: "policies", Content: content, Outcomes: policyOutcomes(here)})
}

// policy reads the policy that the address names.
func (v *visit) policy() (*storedPolicy, error) {
	at, err := policyLevelOf(v.r.PathValue("level"))
	if err != nil {
		return nil, err
	}
	return v.policyAt(at, v.r.PathValue("id"))
}

func (v *visit) policyAt(at policyLevel, id string) (*storedPolicy, error) {
	p := &storedPolicy{Level: at}
	return p, v.api.Get(at.api("policies", id), nil, p)
}

// digest stands for everything of the policy that can be changed, so that a form knows whether somebody else has changed it.
func (p *storedPolicy) digest() string {
	return digestOf(p.Name, p.Description, p.Tags, p.Text, p.Shadow)
}

// switchShadow changes nothing but whether the policy decides.
func switchShadow(on bool, outcome string) serve {
	return func(v *visit) error {
		p, err := v.policy()
		if err != nil {
			return err
		}
		body := map[string]any{"name": p.Name, "description": p.Description, "tags": list(p.Tags), "statementQuery": p.Text, "shadow": on}
		if err := v.api.Call(http.MethodPut, p.Level.api("policies", p.ID), body, nil); err != nil {
			return err
		}
		return v.done(p.Level.page(p.ID), outcome)
	}
}

func (v *visit) askDeletePolicy() error {
	p, err := v.policy()
	if err != nil {
		return err
	}
	bound, err := v.boundWhere(p)
	unseen := isRefusal(err, http.StatusForbidden)
	if err != nil && !unseen {
		return err
	}
	here := p.Level.page(p.ID)
	question := confirmation{
		Title: "Delete the policy?", Question: "It will be gone, with everything that it allows and denies:", Thing: p.Name,
		Consequences: []string{"It is bound to no group, so nothing is decided by it now."},
		Action:       here + "/delete", Cancel: here, Button: "Delete the policy",
	}
	switch {
	case unseen:
		question.Consequences = []string{"You may not see where it is bound. Where it is, it is not deleted: " + refused(err).Message}
	case len(bound) > 0:
		question.Consequences = nil
		for _, at := range bound {
			question.Consequences = append(question.Consequences, at.sentence())
		}
		question.Consequences = append(question.Consequences, "These bindings go with it.")
		question.Hidden = []Hidden{{"force", "true"}}
	}
	question.Consequences = append(question.Consequences, "This cannot be undone. A policy that is made a shadow decides nothing, and can be made live again.")
	return v.confirm("policies", question)
}

// deletePolicy takes bindings along only where the question said so: one that was made in the meantime is a refusal.
func (v *visit) deletePolicy() error {
	at, err := policyLevelOf(v.r.PathValue("level"))
	if err != nil {
		return err
	}
	target := at.api("policies", v.r.PathValue("id"))
	if v.readForm().text("force") == "true" {
		target += "?force=true"
	}
	if err := v.api.Call(http.MethodDelete, target, nil, nil); err != nil {
		return err
	}
	return v.done("/policies", "deleted")
}
