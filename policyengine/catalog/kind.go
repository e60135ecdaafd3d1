package catalog

import (
	"fmt"
	"slices"
)

// Kind says how the values of a condition are compared. The zero Kind is Unsupported, which can never be evaluated, so
// that a forgotten one does not grant.
type Kind uint8

// The kinds.
const (
	// Unsupported: the permission knows no such condition. Evaluation yields "unknown".
	Unsupported Kind = iota
	// Text is a single text, compared byte by byte.
	Text
	// Set is a set of texts, such as groups or management zones; a positive operator holds if any member fits, a
	// negative one if none does.
	Set
	// Record is a field of a stored record. When it holds a list, =, IN and startsWith are false and only MATCH looks at
	// its members.
	Record
	// Date is a calendar day in the zone of the literal.
	Date
	// DateTime is an instant.
	DateTime
	// TimeOfDay is a time on the clock in the zone of the literal.
	TimeOfDay
	// WeekDay is a day of the week in GMT.
	WeekDay
)

var kindNames = []string{"unsupported", "text", "set", "record", "date", "date-time", "time-of-day", "week-day"}

// String is the kind's name in a catalogue file.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kindNames, string(text))
	if i <= int(Unsupported) {
		return fmt.Errorf("%q is no kind of condition; the kinds are text, set and record", text)
	}
	*k = Kind(i)
	return nil
}

// Timed reports whether the condition reads the clock and its values are literals of a fixed form.
func (k Kind) Timed() bool { return k >= Date }
