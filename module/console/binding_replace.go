package console

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// bindingReplacement is what the template for all bindings of a level gets.
type bindingReplacement struct {
	Form   *form
	Level  policyLevel
	Text   Field
	Action string
	Count  int
}

// levelText is the bindings of a level as the API takes them, for people to edit.
func (v *visit) levelText(at policyLevel) (text, digest string, count int, err error) {
	var all struct {
		Bindings []binding `json:"policyBindings"`
	}
	if err := v.api.Get(at.api("bindings"), nil, &all); err != nil {
		return "", "", 0, err
	}
	if all.Bindings == nil {
		all.Bindings = []binding{}
	}
	written, err := json.MarshalIndent(map[string]any{"policyBindings": all.Bindings}, "", "  ")
	return string(written), digestOf(string(written)), len(all.Bindings), err
}

func askReplaceBindings(v *visit) error {
	at, err := policyLevelOf(v.r.PathValue("level"))
	if err != nil {
		return err
	}
	text, digest, count, err := v.levelText(at)
	if err != nil {
		return err
	}
	f := &form{}
	f.set("policyBindings", text)
	f.set("before", digest)
	return showReplaceBindings(v, http.StatusOK, at, count, f)
}

func showReplaceBindings(v *visit, status int, at policyLevel, count int, f *form) error {
	content := bindingReplacement{
		Form: f, Level: at, Action: to("/bindings", at.Key(), "replace"), Count: count,
		Text: f.Needed("policyBindings", "Bindings", "As the API has them. What is not in this text any more is no longer bound."),
	}
	return v.show(status, "bindings_replace", Page{Title: "Replace all bindings", Section: "bindings", Content: content})
}

func replaceBindings(v *visit) error {
	f := v.readForm()
	at, err := policyLevelOf(v.r.PathValue("level"))
	if err != nil {
		return err
	}
	text, digest, count, err := v.levelText(at)
	if err != nil {
		return err
	}
	if f.isOutdated(digest, []Violation{{Path: "policyBindings", Message: "Stored now: " + text}}) {
		return showReplaceBindings(v, http.StatusConflict, at, count, f)
	}
	written := []byte(f.raw("policyBindings"))
	if !json.Valid(written) {
		f.Refusal = &Refusal{Status: http.StatusBadRequest, Message: "Nothing was saved yet.", Violations: []Violation{{Path: "policyBindings", Message: mistakeIn(written)}}}
		return showReplaceBindings(v, http.StatusBadRequest, at, count, f)
	}
	switch _, err := v.api.Do(http.MethodPut, at.api("bindings"), "application/json", written); {
	case f.refuse(err):
		f.placed("policyBindings", "policyBindings")
		for i := range f.Refusal.Violations {
			f.Refusal.Violations[i].Path = "policyBindings"
		}
		return showReplaceBindings(v, f.Refusal.Status, at, count, f)
	case err != nil:
		return err
	}
	return v.done("/bindings?level="+at.Key(), "replaced")
}

// mistakeIn says where a text stops being JSON.
func mistakeIn(text []byte) string {
	var anything any
	err := json.Unmarshal(text, &anything)
	wrong, ok := err.(*json.SyntaxError) //nolint:errorlint // Unmarshal gives it as it is
	if !ok {
		return "This is not JSON."
	}
	before := text[:min(int(wrong.Offset), len(text))]
	return "Line " + number(bytes.Count(before, []byte("\n"))+1) + ": " + wrong.Error() + "."
}
