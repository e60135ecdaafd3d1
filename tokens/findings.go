package tokens

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/internal/fault"
)

// maxFindings bounds what one answer says. Whoever sends more than that wrong knows enough.
const maxFindings = 100

// findings collects what is wrong with the parts of an input, so that its sender learns everything at once. What goes
// into it is shown to the caller: never a secret.
type findings []fault.Field

// add notes a part that can never work, by its name in the JSON of the API.
func (f *findings) add(part, format string, values ...any) {
	if !f.full() {
		*f = append(*f, fault.Field{Name: part, Message: fmt.Sprintf(format, values...)})
	}
}

func (f *findings) full() bool { return len(*f) >= maxFindings }

// err is a fault of kind fault.Invalid, nil where nothing was found.
func (f *findings) err() error {
	if len(*f) == 0 {
		return nil
	}
	return fault.InvalidFields(*f...)
}

// text refuses what could not be shown on one line of a terminal or a log as it was meant, and a token that was pasted
// into the wrong field.
func (f *findings) text(part, what, text string, least, most int) {
	if n := utf8.RuneCountInString(text); n < least || n > most {
		f.add(part, "The %s has %d to %d characters, not %d.", what, least, most, n)
		return
	}
	if !utf8.ValidString(text) {
		f.add(part, "The %s is not valid UTF-8.", what)
		return
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			f.add(part, "The %s has a control character (%U).", what, r)
			return
		}
	}
	if Mask(text) != text {
		f.add(part, "The %s contains the secret of a token.", what)
	}
}

const environmentHelp = "An environment is named with 1 to %d letters, digits or any of . _ -"

// environment refuses what cannot be the name of one.
func (f *findings) environment(name string) {
	if !validEnvironment(name) {
		f.add("environment", environmentHelp, maxEnvironment)
	}
}

func validEnvironment(name string) bool {
	if name == "" || len(name) > maxEnvironment {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !inPart(c) && c != '.' {
			return false
		}
	}
	return true
}

// invalid is a fault of kind fault.Invalid about the input as a whole. What goes into it is shown to the caller: never a
// secret.
func invalid(format string, values ...any) error {
	return fault.New(fault.Invalid, fmt.Sprintf(format, values...), nil)
}
