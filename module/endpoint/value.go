package endpoint

import "fmt"

// valueKind is what a place of a catalogue file holds, in the words of the errors about it.
type valueKind string

const (
	aText    valueKind = "text"
	aNumber  valueKind = "a number"
	aTruth   valueKind = "true or false"
	aNull    valueKind = "nothing"
	aList    valueKind = "a list"
	aMapping valueKind = "a mapping"
)

// maxNesting is far above what the schema needs, and bounds the recursion over a hostile file.
const maxNesting = 32

// value is one place of a file, the same for YAML and JSON, with its line for the errors.
type value struct {
	kind   valueKind
	line   int
	text   string   // of a scalar
	items  []*value // of a list
	fields []field  // of a mapping, in the order of the file, names unique
}

// field is one key of a mapping.
type field struct {
	name  string
	line  int
	value *value
}

// lineError is a problem at a line of a file, counted from 1.
type lineError struct {
	line    int
	message string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.message) }

// failAt is the one way to make a lineError, so that every message is formatted alike.
func failAt(line int, format string, args ...any) *lineError {
	return &lineError{line, fmt.Sprintf(format, args...)}
}

// keySet finds repeated keys: whether the first or the last one counts would be a matter of the parser.
type keySet map[string]int

func (seen keySet) add(name string, line int) error {
	if before, repeated := seen[name]; repeated {
		return failAt(line, "the key %q was given in line %d already", name, before)
	}
	seen[name] = line
	return nil
}
