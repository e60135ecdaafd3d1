package console

// confirmation is a page that asks whether something is really meant, with one form on it.
type confirmation struct {
	Title        string
	Question     string   // a sentence that says what will be done
	Thing        string   // to what, as it is called; "" for none
	Consequences []string // what follows, and whether it can be undone
	Action       string   // path that the form is sent to
	Cancel       string   // path to go back to
	Button       string   // a verb and a noun: "Delete the token"
	Hidden       []Hidden // that the form sends along
	Typed        *Field   // to be typed before the form does anything; nil for none
	Harmless     bool     // it can be undone
}

// Hidden is a value of a form that the person does not see.
type Hidden struct{ Name, Value string }

// Choice is an option of a select.
type Choice struct{ Value, Label string }

// confirm shows the page.
func (v *visit) confirm(section string, c confirmation) error {
	return v.show(200, "confirm", Page{Title: c.Title, Section: section, Content: c})
}
