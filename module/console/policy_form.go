package console

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// policyForm is what the template of the editor gets.
type policyForm struct {
	Form        *form
	Name        Field
	Description Field
	Tags        Field
	Text        Field
	Level       Field    // where a new policy goes
	Levels      []Choice // none for a change: a policy stays where it is
	Shadow      bool
	Findings    findings
	Meanwhile   *meanwhile    // nil: nobody else has changed it
	Policy      *storedPolicy // that is changed; nil for a new one
	Action      string
	Cancel      string
}

// The buttons of the form besides the one that saves.
const (
	doCheck  = "check"
	doFormat = "format"
)

func (v *visit) askNewPolicy() error {
	query := v.r.URL.Query()
	f := &form{}
	f.set("level", cmp.Or(query.Get("level"), accountPolicies.Key()))
	if from := query.Get("copy"); from != "" {
		if err := v.copyInto(f, from); err != nil {
			return err
		}
	}
	return v.showNewPolicy(http.StatusOK, f)
}

// copyInto fills a form with a policy that is named by the key of its level and its identifier, with a slash between.
func (v *visit) copyInto(f *form, from string) error {
	key, id, _ := strings.Cut(from, "/")
	at, err := policyLevelOf(key)
	if err != nil {
		return err
	}
	p, err := v.policyAt(at, id)
	if err != nil {
		return err
	}
	f.take(p)
	f.set("name", "Copy of "+p.Name)
	return nil
}

// take fills a form with what a policy is.
func (f *form) take(p *storedPolicy) {
	f.set("name", p.Name)
	f.set("description", p.Description)
	f.set("tags", strings.Join(p.Tags, "\n"))
	f.set("statementQuery", p.Text)
	f.set("shadow", strconv.FormatBool(p.Shadow))
}

func (v *visit) showNewPolicy(status int, f *form) error {
	here, err := v.place()
	if err != nil {
		return err
	}
	levels, err := v.levels(here)
	if err != nil {
		return err
	}
	content := policyForm{Form: f, Action: "/policies/new", Cancel: "/policies", Level: f.Field("level", "Level", "An environment inherits the policies of the account: it can bind them as well.")}
	content.Levels = choicesOf(levels)
	if !slices.ContainsFunc(content.Levels, func(c Choice) bool { return c.Value == content.Level.Value }) {
		at, err := policyLevelOf(content.Level.Value)
		if err != nil {
			return err
		}
		content.Levels = append(content.Levels, Choice{at.Key(), at.Label()})
	}
	return v.showPolicyForm(status, "New policy", content)
}

// showPolicyForm fills in what a creation and a change have in common.
func (v *visit) showPolicyForm(status int, title string, content policyForm) error {
	f := content.Form
	at, err := policyLevelOf(f.text("level"))
	if err != nil {
		return err
	}
	found, checked, err := v.check(at, f.raw("statementQuery"))
	if err != nil {
		return err
	}
	if f.text("do") == doFormat && checked.Formatted != "" {
		f.set("statementQuery", checked.Formatted)
		if found, _, err = v.check(at, checked.Formatted); err != nil {
			return err
		}
	}
	content.Findings = found
	f.placePolicyErrors(found)
	content.Name = f.Needed("name", "Name", "Unique at its level.")
	content.Description = f.Field("description", "Description", "")
	content.Tags = f.Field("tags", "Tags", "One a line.")
	content.Text = f.Needed("statementQuery", "Statements", "")
	content.Shadow = f.text("shadow") == "true"
	return v.show(status, "policy_form", Page{Title: title, Section: "policies", Content: content})
}

// policyBody is what the API takes.
func (f *form) policyBody() map[string]any {
	tags := []string{}
	for tag := range strings.SplitSeq(f.raw("tags"), "\n") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return map[string]any{
		"name": f.text("name"), "description": f.text("description"), "tags": tags, "statementQuery": f.raw("statementQuery"),
		"shadow": f.text("shadow") == "true",
	}
}

func (v *visit) createPolicy() error {
	f := v.readForm()
	at, err := policyLevelOf(f.text("level"))
	if err != nil {
		return err
	}
	if do := f.text("do"); do == doCheck || do == doFormat {
		return v.showNewPolicy(http.StatusOK, f)
	}
	var made storedPolicy
	switch err := v.api.Call(http.MethodPost, at.api("policies"), f.policyBody(), &made); {
	case f.refuse(err):
		return v.showNewPolicy(f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return v.done(at.page(made.ID), "created")
}

// policyPlace is how the API names a place in a policy's text: line and column.
var policyPlace = regexp.MustCompile(`^\d+:\d+$`)

// policyMembers says by the beginning of a sentence which field it is about: these refusals of the API name no member.
var policyMembers = []struct{ begins, member string }{
	{"The name of a policy ", "name"}, {"A policy with this name ", "name"}, {"The description of a policy ", "description"},
	{"The tag of a policy ", "tags"}, {"There are at most 100 of what is called a tag", "tags"}, {"The text of a policy ", "statementQuery"},
}

// placePolicyErrors puts what the API refused beside its field. Errors in the text are among the findings already, each with its
// place, where these could be had.
func (f *form) placePolicyErrors(found findings) {
	if f.Refusal == nil {
		return
	}
	placed := *f.Refusal
	placed.Violations = nil
	for _, violation := range f.Refusal.Violations {
		if policyPlace.MatchString(violation.Path) {
			if found.Errors > 0 {
				continue
			}
			violation = Violation{Path: "statementQuery", Message: violation.Path + ": " + violation.Message}
		}
		placed.Violations = append(placed.Violations, violation)
	}
	for _, of := range policyMembers {
		if len(f.Refusal.Violations) == 0 && strings.HasPrefix(placed.Message, of.begins) {
			placed.Violations = []Violation{{Path: of.member, Message: placed.Message}}
		}
	}
	f.Refusal = &placed
}
