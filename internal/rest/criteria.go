package rest

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxCriteria is the longest selector or filter, in bytes. A page key has room for one.
const MaxCriteria = 2000

// Criterion is one condition of a selector or filter, all of which must hold: owner("alice"), scope("a","b").
type Criterion struct {
	Name   string
	Values []Value // at least one
	At     int     // where it begins, in characters from 1
}

// Value is one value of a criterion.
type Value struct {
	Text string // without its quotes and escapes, not empty
	Bare bool   // a word without quotes, such as true
	At   int    // where it begins, in characters from 1
}

// SyntaxError says what is wrong with a selector or filter, and where. It never repeats a value.
type SyntaxError struct {
	At      int // in characters from 1
	Message string
}

// Error is for the client.
func (e *SyntaxError) Error() string { return fmt.Sprintf("At character %d: %s", e.At, e.Message) }

// ParseCriteria reads a selector or filter. Blanks may stand between its parts; an empty text has no criteria. Which names
// there are, and what may be said twice, is the caller's business. The error is a *SyntaxError.
//
//	criteria  = criterion *( "," criterion )
//	criterion = name "(" value *( "," value ) ")"
//	name      = 1*( letter | digit | "." | "_" )
//	value     = 1*letter | quote 1*character quote
//	character = any but quote, ~ and control characters | ~quote | ~~
func ParseCriteria(text string) ([]Criterion, error) {
	if len(text) > MaxCriteria || !utf8.ValidString(text) {
		return nil, &SyntaxError{1, fmt.Sprintf("expected UTF-8 text of at most %d bytes", MaxCriteria)}
	}
	r := &criteriaReader{rest: []rune(text), at: 1}
	if r.peek() == end {
		return nil, nil
	}
	var criteria []Criterion
	for {
		c, err := r.criterion()
		if err != nil {
			return nil, err
		}
		criteria = append(criteria, c)
		switch r.peek() {
		case end:
			return criteria, nil
		case ',':
			r.next()
		default:
			return nil, r.expected("a comma or the end")
		}
	}
}

// PrintCriteria writes criteria so that ParseCriteria reads them back.
func PrintCriteria(criteria []Criterion) string {
	var b strings.Builder
	for i, c := range criteria {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(c.Name + "(")
		for j, v := range c.Values {
			if j > 0 {
				b.WriteByte(',')
			}
			if v.Bare {
				b.WriteString(v.Text)
			} else {
				b.WriteString(`"` + escapes.Replace(v.Text) + `"`)
			}
		}
		b.WriteByte(')')
	}
	return b.String()
}

var escapes = strings.NewReplacer("~", "~~", `"`, `~"`)

// end is what peek gives when nothing is left; a text that has it is refused as one with a control character.
const end = 0

type criteriaReader struct {
	rest []rune
	at   int // of the first of rest
}

// peek is the next character that is not a blank.
func (r *criteriaReader) peek() rune {
	for len(r.rest) > 0 && r.rest[0] == ' ' {
		r.next()
	}
	if len(r.rest) == 0 {
		return end
	}
	if r.rest[0] == end {
		return utf8.RuneError
	}
	return r.rest[0]
}

func (r *criteriaReader) next() rune {
	c := r.rest[0]
	r.rest, r.at = r.rest[1:], r.at+1
	return c
}

func (r *criteriaReader) expected(what string) error { return &SyntaxError{r.at, "expected " + what} }

func (r *criteriaReader) criterion() (Criterion, error) {
	r.peek()
	c := Criterion{At: r.at}
	if c.Name = r.word(isNameCharacter); c.Name == "" {
		return c, r.expected("the name of a criterion")
	}
	if r.peek() != '(' {
		return c, r.expected("( after the name of the criterion")
	}
	for more := true; more; more = r.peek() == ',' {
		r.next()
		v, err := r.value()
		if err != nil {
			return c, err
		}
		c.Values = append(c.Values, v)
	}
	if r.peek() != ')' {
		return c, r.expected("a comma or ) after the value")
	}
	r.next()
	return c, nil
}

func (r *criteriaReader) value() (Value, error) {
	quoted := r.peek() == '"'
	v := Value{At: r.at, Bare: !quoted}
	if !quoted {
		if v.Text = r.word(isLetter); v.Text == "" {
			return v, r.expected("a value in quotes")
		}
		return v, nil
	}
	r.next()
	var text []rune
	for len(r.rest) > 0 && r.rest[0] != '"' {
		if r.rest[0] == '~' {
			if len(r.rest) < 2 || !slices.Contains([]rune{'~', '"'}, r.rest[1]) {
				return v, r.expected(`~~ or ~" where a value has a ~`)
			}
			r.next()
		}
		if unicode.IsControl(r.rest[0]) {
			return v, r.expected("no control character in a value")
		}
		text = append(text, r.next())
	}
	if len(r.rest) == 0 {
		return v, r.expected("a quote at the end of the value")
	}
	if len(text) == 0 {
		return v, r.expected("a value that is not empty")
	}
	r.next()
	v.Text = string(text)
	return v, nil
}

// word reads as many characters of a kind as there are.
func (r *criteriaReader) word(of func(rune) bool) string {
	var word []rune
	for len(r.rest) > 0 && of(r.rest[0]) {
		word = append(word, r.next())
	}
	return string(word)
}

func isLetter(c rune) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isNameCharacter(c rune) bool {
	return isLetter(c) || '0' <= c && c <= '9' || c == '.' || c == '_'
}
