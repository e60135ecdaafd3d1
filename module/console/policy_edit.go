package console

import (
	"maps"
	"net/http"
	"reflect"
)

// meanwhile is what somebody else has stored since a form was opened.
type meanwhile struct {
	Fields []meanwhileField
	Theirs []diffLine // what they changed in the text; nil where that is not known, or nothing
	Mine   []diffLine // what saving would change in the text that is stored now
	Stored string     // the text that is stored now, to take something from by hand
}

// meanwhileField is a field other than the text that differs.
type meanwhileField struct{ Label, Stored, Typed string }

// maxKeptBase is the longest text, in bytes, that a form carries along as the one that it was opened with. Without it the second of
// two people sees how the two texts differ, and not who changed what.
const maxKeptBase = 16 << 10

func (v *visit) askEditPolicy() error {
	p, err := v.policy()
	if err != nil {
		return err
	}
	f := &form{}
	f.take(p)
	f.open(p)
	return v.showEditPolicy(http.StatusOK, p, f, nil)
}

// open notes in a form which policy its person has seen.
func (f *form) open(p *storedPolicy) {
	f.set("opened", p.digest())
	f.set("base", "")
	if len(p.Text) <= maxKeptBase {
		f.set("base", p.Text)
	}
}

func (v *visit) showEditPolicy(status int, p *storedPolicy, f *form, m *meanwhile) error {
	f.set("level", p.Level.Key())
	here := p.Level.page(p.ID)
	content := policyForm{Form: f, Policy: p, Action: here + "/edit", Cancel: here, Meanwhile: m}
	return v.showPolicyForm(status, "Change "+p.Name, content)
}

// editPolicy stores what was typed, unless somebody else has stored something in the meantime: then it shows both, and what was
// typed stays in the form.
func (v *visit) editPolicy() error {
	f := v.readForm()
	p, err := v.policy()
	if isRefusal(err, http.StatusNotFound) {
		return v.editGone(f, err)
	}
	if err != nil {
		return err
	}
	if do := f.text("do"); do == doCheck || do == doFormat {
		return v.showEditPolicy(http.StatusOK, p, f, nil)
	}
	body := f.policyBody()
	if f.raw("opened") != p.digest() && !reflect.DeepEqual(body, bodyOf(p)) {
		return v.showMeanwhile(p, f)
	}
	switch err := v.api.Call(http.MethodPut, p.Level.api("policies", p.ID), body, nil); {
	case f.refuse(err):
		return v.showEditPolicy(f.Refusal.Status, p, f, nil)
	case err != nil:
		return err
	}
	return v.done(p.Level.page(p.ID), "edited")
}

// bodyOf is what a form would send that was opened and left as it is.
func bodyOf(p *storedPolicy) map[string]any {
	f := &form{}
	f.take(p)
	return f.policyBody()
}

func (v *visit) showMeanwhile(p *storedPolicy, f *form) error {
	m := &meanwhile{Stored: p.Text, Mine: difference(p.Text, f.raw("statementQuery"))}
	if base := f.raw("base"); base != "" {
		m.Theirs = difference(base, p.Text)
	}
	stored := &form{}
	stored.take(p)
	for _, field := range []struct{ name, label string }{{"name", "Name"}, {"description", "Description"}, {"tags", "Tags"}, {"shadow", "Shadow"}} {
		a, b := stored.text(field.name), f.text(field.name)
		if field.name == "shadow" {
			a, b = yesNo(a), yesNo(b)
		}
		if a != b {
			m.Fields = append(m.Fields, meanwhileField{field.label, a, b})
		}
	}
	f.open(p)
	f.Refusal = &Refusal{
		Status:  http.StatusConflict,
		Message: "Somebody else changed the policy since this form was opened. Nothing was saved yet, and everything that you typed is still here.",
	}
	return v.showEditPolicy(http.StatusConflict, p, f, m)
}

func yesNo(value string) string {
	if value == "true" {
		return "yes"
	}
	return "no"
}

// editGone keeps what was typed about a policy that somebody has deleted in the meantime: it can be saved as a new one.
func (v *visit) editGone(f *form, why error) error {
	at, err := policyLevelOf(v.r.PathValue("level"))
	if err != nil || f.text("name") == "" && f.text("statementQuery") == "" {
		return why
	}
	kept := &form{Values: maps.Clone(f.Values)}
	kept.set("level", at.Key())
	kept.Refusal = &Refusal{
		Status:  http.StatusConflict,
		Message: "Somebody else deleted the policy since this form was opened. Everything that you typed is still here; saving it makes a new policy, which is bound to nobody.",
	}
	return v.showNewPolicy(http.StatusConflict, kept)
}
