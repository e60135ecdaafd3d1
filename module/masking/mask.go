package masking

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

// ErrUnmaskable is what cannot be masked with certainty, and therefore must not be shown. Errors that wrap it say why, and
// nothing of what the response holds, so that they may be logged.
var ErrUnmaskable = errors.New("the response cannot be masked")

const (
	mask   = `"*****"`
	hidden = mask + ":" + mask // all members of one object whose names are not shown
	null   = "null"
)

// JSON writes body, one JSON document, with everything masked that the plan does not show. What is shown stands as it did in
// body, without blanks and in its order.
//
//   - A string, a number, true and false become "*****"; null, {} and [] stay.
//   - An object or array that no pointer goes into becomes "*****" as a whole: the names in it may be data, as in a map by
//     user, and so may the number of its elements.
//   - Members whose names no pointer gives are, for the same reason, one member "*****":"*****" where the first of them stood.
//
// It returns an error that wraps ErrUnmaskable for a body that not every parser reads in the same way (invalid UTF-8, half
// a surrogate pair, a name that occurs twice in an object, something around the document), that is nested deeper than 64,
// or that is not JSON. Nothing has been written then. Any other error is that of w.
func (p *Plan) JSON(w io.Writer, body []byte) error {
	masked, err := p.masked(body)
	if err != nil {
		return err
	}
	_, err = w.Write(masked)
	return err
}

func (p *Plan) masked(body []byte) ([]byte, error) {
	if !utf8.Valid(body) {
		return nil, fmt.Errorf("%w: the body is not valid UTF-8", ErrUnmaskable)
	}
	m := &masker{scanner: scanner{data: body}, out: make([]byte, 0, len(body))}
	if err := m.value(place{nodes: []*node{p.root}}, 0); err != nil {
		return nil, err
	}
	if m.next(); m.at < len(body) {
		return nil, m.fail("something follows the JSON document")
	}
	return m.out, nil
}

// masker goes over a document once. What is not shown is read all the same, because a document is shown only if all of
// it is in order.
type masker struct {
	scanner
	out   []byte
	muted int             // containers around this place that are not shown; nothing is put out in them
	steps []*node         // stack of the nodes of the places under way
	names [maxDepth]names // by depth
}

// place is what the pointers say of a place. A document may be at several nodes at once, since "*" and a name can both be
// right.
type place struct {
	nodes []*node
	all   bool // it lies below a "**"
}

func (p place) isShown() bool {
	return p.all || slices.ContainsFunc(p.nodes, func(n *node) bool { return n.shown })
}

// isOpen reports whether any pointer goes on from here.
func (p place) isOpen() bool {
	return p.all || slices.ContainsFunc(p.nodes, func(n *node) bool {
		return n.below || n.every != nil || len(n.members) > 0
	})
}

// inside is the place of a member or element. ok is false where no pointer goes. Its nodes lie on the stack: release it
// with the mark, before the next one.
func (m *masker) inside(p place, name []byte) (child place, ok bool) {
	mark := len(m.steps)
	for _, n := range p.nodes {
		child.all = child.all || n.below
		if c := n.members[string(name)]; c != nil {
			m.steps = append(m.steps, c)
		}
		if n.every != nil {
			m.steps = append(m.steps, n.every)
		}
	}
	child.nodes, child.all = m.steps[mark:], child.all || p.all
	return child, child.all || len(child.nodes) > 0
}

// put puts text out, unless it lies in something that is masked as a whole.
func (m *masker) put(text string) {
	if m.muted == 0 {
		m.out = append(m.out, text...)
	}
}

// value masks one value; depth is the number of containers around it.
func (m *masker) value(p place, depth int) error {
	switch c := m.next(); {
	case c == '{' || c == '[':
		return m.container(p, depth)
	case c == '"':
		raw, _, err := m.text()
		m.scalar(p, raw)
		return err
	case c == '-' || c >= '0' && c <= '9':
		raw, err := m.number()
		m.scalar(p, raw)
		return err
	}
	word, err := m.word()
	if word == null {
		m.put(null)
		return err
	}
	m.scalar(p, []byte(word))
	return err
}

// scalar puts a scalar out as it stands in the document: numbers keep their digits, strings their escapes, so that nothing
// that is shown changes its meaning.
func (m *masker) scalar(p place, raw []byte) {
	switch {
	case m.muted > 0:
	case p.isShown():
		m.out = append(m.out, raw...)
	default:
		m.put(mask)
	}
}

// container masks an object or array. An empty one stays as it is: there is nothing in it to hide, and clients rely on lists
// being lists.
func (m *masker) container(p place, depth int) error {
	if depth == maxDepth {
		return m.fail("nested too deep")
	}
	opening := m.data[m.at]
	m.at++
	closing := opening + 2 // as it is in ASCII, for both kinds
	if m.take(closing) {
		m.put(string([]byte{opening, closing}))
		return nil
	}
	if !p.isOpen() {
		m.put(mask)
		m.muted++
		defer func() { m.muted-- }()
	}
	m.put(string(opening))
	read := m.elements
	if opening == '{' {
		read = m.members
	}
	err := read(p, depth)
	m.put(string(closing))
	return err
}

// The recursion is bounded by container; the stack of nodes is taken back after each child, so that it holds only the way to
// the place under way.

// elements reads the elements of an array that has some, and its end.
func (m *masker) elements(p place, depth int) error {
	var digits [20]byte
	for i := 0; ; i++ {
		mark := len(m.steps)
		child, _ := m.inside(p, strconv.AppendInt(digits[:0], int64(i), 10))
		if err := m.value(child, depth+1); err != nil {
			return err
		}
		m.steps = m.steps[:mark]
		if m.take(']') {
			return nil
		}
		if !m.take(',') {
			return m.fail("expected a comma or the end of the array")
		}
		m.put(",")
	}
}

// members reads the members of an object that has some, and its end.
func (m *masker) members(p place, depth int) error {
	seen := &m.names[depth]
	seen.reset()
	hides, separator := false, ""
	for {
		raw, name, err := m.name(seen)
		if err != nil {
			return err
		}
		mark := len(m.steps)
		child, ok := m.inside(p, name)
		switch {
		case ok:
			m.put(separator)
			m.scalar(place{all: true}, raw)
			m.put(":")
			err = m.value(child, depth+1)
		default:
			if !hides {
				m.put(separator + hidden)
			}
			hides = true
			m.muted++
			err = m.value(place{}, depth+1)
			m.muted--
		}
		if err != nil {
			return err
		}
		m.steps, separator = m.steps[:mark], ","
		if m.take('}') {
			return nil
		}
		if !m.take(',') {
			return m.fail("expected a comma or the end of the object")
		}
	}
}

// name reads the name of a member and its colon. Two names are one if they say the same, however they are written.
func (m *masker) name(seen *names) (raw, plain []byte, err error) {
	if m.next() != '"' {
		return nil, nil, m.fail("expected a name")
	}
	raw, escaped, err := m.text()
	if err != nil {
		return nil, nil, err
	}
	plain = raw[1 : len(raw)-1]
	if escaped {
		plain = unescape(raw)
	}
	if !seen.add(plain) {
		return nil, nil, m.fail("a name occurs twice")
	}
	if !m.take(':') {
		return nil, nil, m.fail("expected a colon")
	}
	return raw, plain, nil
}
