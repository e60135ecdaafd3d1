package console

import (
	"net/http"

	"github.com/doorward/doorward/tokens"
)

// explainPages say how the gate decides a request that nobody sends. What is asked is in the address of the page, so that
// one person can show it to another, but for what may be a secret: headers, a body, and a target with a parameter that is
// called like one. Such a question is answered in place, by the answer to its form.
type explainPages struct{}

const explainPage = "/explain"

func (c *Console) explanationPages() {
	var p explainPages
	c.read("GET "+explainPage, p.show)
	c.write("POST "+explainPage, p.ask)
}

// explainFields are those of the form that are in the address.
var explainFields = []string{"tokenId", "user", "method", "target", "host", "address", "environment"}

// explained is what the template gets.
type explained struct {
	Form    *form
	Fields  map[string]Field
	Methods []string
	Answer  *explanation // nil: nothing was asked, or it was refused
	Link    string       // address of this answer; "" where it has none
	More    bool         // something of the less usual fields is filled in
}

var explainMethods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}

// show answers what the address asks. Without a path there is nothing to ask yet, and the form has what there is.
func (p explainPages) show(v *visit) error {
	f := &form{}
	query := v.r.URL.Query()
	for _, name := range explainFields {
		if value := query.Get(name); value != "" {
			f.set(name, value)
		}
	}
	if f.maskSecrets() { // somebody wrote the address: the page, which has its address in it, must not be that
		return v.done(addressOfQuestion(f), "secret")
	}
	if f.text("target") == "" {
		return p.answer(v, f, nil)
	}
	return p.explain(v, f)
}

// ask sends people who asked by the form to the address of the answer, where it can have one. The API is asked there: it
// refuses a question with a token in it, so such a one must not become an address before.
func (p explainPages) ask(v *visit) error {
	f := v.readForm()
	if !mayBeInAddress(f) {
		return p.explain(v, f)
	}
	return v.done(addressOfQuestion(f), "")
}

// explain asks the API.
func (p explainPages) explain(v *visit, f *form) error {
	body, refusal := questionOf(f)
	if refusal != nil {
		f.Refusal = refusal
		return p.answer(v, f, nil)
	}
	var found explanation
	switch err := v.api.Call(http.MethodPost, "/api/doorward/v1/explain", body, &found); {
	case isRefusal(err, http.StatusNotFound):
		f.Refusal = refused(err)
		return p.answer(v, f, nil)
	case f.refuse(err):
		return p.answer(v, f, nil)
	case err != nil:
		return err
	}
	return p.answer(v, f, &found)
}

// answer shows the form with what was asked, and the answer below. A token that was pasted is not repeated.
func (p explainPages) answer(v *visit, f *form, found *explanation) error {
	status := http.StatusOK
	if f.Refusal != nil {
		status = f.Refusal.Status
	}
	f.maskSecrets()
	if !f.has("method") {
		f.set("method", http.MethodGet)
	}
	content := explained{Form: f, Fields: explainForm(f), Methods: explainMethods, Answer: found}
	for _, name := range []string{"host", "address", "environment", "headers", "body"} {
		content.More = content.More || f.has(name)
	}
	if found != nil && mayBeInAddress(f) {
		content.Link = addressOfQuestion(f)
	}
	return v.show(status, "explain", Page{Title: "Explain", Section: "explain", Content: content, Outcomes: explainOutcomes})
}

var explainOutcomes = map[string]Outcome{
	"secret": {Message: "The address had the secret of a token in it, which is known to others now: replace it. A token goes by its identifier here."},
}

// maskSecrets takes the secrets of tokens out of what was typed, and reports whether there were any.
func (f *form) maskSecrets() (found bool) {
	for _, values := range f.Values {
		for i, value := range values {
			values[i] = tokens.Mask(value)
			found = found || values[i] != value
		}
	}
	return found
}

// explainForm are the controls, by name.
func explainForm(f *form) map[string]Field {
	fields := map[string]Field{}
	for _, field := range []Field{
		f.Field("tokenId", "Token", "The identifier of a token, such as dt0c01.ST2EY72KQINMH574WMNVI7YN. Its secret is not needed."),
		f.Field("user", "or a user", "What the policies say of the user, as for a personal token with every scope."),
		f.Needed("method", "Method", ""),
		f.Needed("target", "Path and query", "As a client writes them: /api/v2/settings/objects?schemaIds=builtin:a"),
		f.Field("host", "Host", "Where the gateway has several sites."),
		f.Field("address", "From the address", "For tokens that are good in some networks only."),
		f.Field("environment", "Environment", "Unless the path or the host names one."),
		f.Field("headers", "Headers", "One a line, as name: value. None with a credential."),
		f.Field("body", "Body", "Counts as application/json unless a header says otherwise."),
	} {
		fields[field.Name] = field
	}
	return fields
}
