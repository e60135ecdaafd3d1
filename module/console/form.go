package console

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// form is what was typed, and what the API said of it. The zero form is an empty one.
type form struct {
	Values  url.Values
	Refusal *Refusal // nil: nothing is wrong, or nothing was sent yet
}

// maxFields bounds how many values a form may have. The widest has a box for each scope.
const maxFields = 2000

// readForm takes over what was sent. CheckWrite has read and bounded it before.
func (v *visit) readForm() *form {
	values := url.Values{}
	n := 0
	for _, name := range slices.Sorted(maps.Keys(v.r.PostForm)) {
		sent := v.r.PostForm[name]
		if n += len(sent); n > maxFields {
			break
		}
		values[name] = sent
	}
	return &form{Values: values}
}

// text is a value without the blanks around it, with the line ends of the web (RFC 9110 has CR LF in forms) made plain.
func (f *form) text(name string) string { return strings.TrimSpace(f.raw(name)) }

func (f *form) raw(name string) string {
	return strings.ReplaceAll(f.Values.Get(name), "\r\n", "\n")
}

func (f *form) has(name string) bool { return f.Values.Get(name) != "" }

// words are the values of a list in which each stands on a line of its own, or behind a comma or blank.
func (f *form) words(name string) []string {
	return strings.FieldsFunc(f.raw(name), func(r rune) bool { return strings.ContainsRune(", \t\n", r) })
}

// Field is one control of a form, for the part "field" and its kin.
type Field struct {
	Name, Label, Hint string
	Value             string
	Errors            []string // in the API's words
	Required          bool
}

// Field is a control with what was typed before and what is wrong with it. The name is that of the API's member, so that
// its violations find their place; "scopes[2]" belongs to "scopes".
func (f *form) Field(name, label, hint string) Field {
	return Field{Name: name, Label: label, Hint: hint, Value: f.raw(name), Errors: f.errors(name)}
}

// Needed is Field for what may not be left empty.
func (f *form) Needed(name, label, hint string) Field {
	field := f.Field(name, label, hint)
	field.Required = true
	return field
}

// errors are what is wrong with a member, in the API's words.
func (f *form) errors(name string) []string {
	var found []string
	if f.Refusal != nil {
		for _, v := range f.Refusal.Violations {
			if memberOf(v.Path) == name && !slices.Contains(found, v.Message) {
				found = append(found, v.Message)
			}
		}
	}
	return found
}

// memberOf is the outermost member that a violation's path leads into.
func memberOf(path string) string {
	if end := strings.IndexAny(path, "[."); end > 0 {
		return path[:end]
	}
	return path
}

// refuse keeps a refusal for the form to be shown again, and reports whether it is one that a form can answer: something
// about what was typed. Everything else is a page of its own.
func (f *form) refuse(err error) bool {
	r := refused(err)
	if r == nil || !slices.Contains(answerable, r.Status) {
		return false
	}
	f.Refusal = r
	return true
}

// answerable are the statuses after which a form is shown again with all that was typed: something about it is to be changed,
// or it may be sent again.
var answerable = []int{
	http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity,
	http.StatusTooManyRequests, http.StatusServiceUnavailable,
}
