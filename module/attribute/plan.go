package attribute

import (
	"fmt"
	"net/textproto"
)

// Plan is a compiled rule. It is immutable and safe for any number of goroutines.
type Plan struct {
	rule       *Rule
	attributes []expression // by the index of rule.Attributes
	places     []place
	body       *node // nil where no attribute stands in the body
	bodyLeaves int
	maxBody    int64
}

// place is a part of the request outside the body. Several attributes may read one place.
type place struct {
	kind      SourceKind
	name      string
	separator string
	list      bool
}

// expression says how an attribute comes from the values of one thing.
type expression struct {
	kind     SourceKind // a single place, FromFirst or FromAgreeing
	index    int        // of the place, or of the value within a row of the body
	constant value
	decoding decoding
	parts    []expression
}

// Compile makes the plan of a rule for a row whose path has these parameters. Its error says which key of the rule is
// wrong and what was expected there.
func Compile(rule *Rule, params []string) (*Plan, error) {
	if err := rule.check(params); err != nil {
		return nil, err
	}
	c := compiler{plan: &Plan{rule: rule, maxBody: rule.MaxBody}, pointers: map[place]int{}}
	if c.plan.maxBody == 0 {
		c.plan.maxBody = DefaultMaxBody
	}
	for _, b := range rule.Attributes {
		e, err := c.expression(b.Source, b.List)
		if err != nil {
			return nil, fmt.Errorf("attributes: %s: %w", b.Name, err)
		}
		c.plan.attributes = append(c.plan.attributes, e)
	}
	c.plan.bodyLeaves = len(c.pointers)
	return c.plan, nil
}

// compiler is the state of one Compile.
type compiler struct {
	plan     *Plan
	pointers map[place]int // body sources and their indices
}

func (c *compiler) expression(s Source, list bool) (expression, error) {
	e := expression{kind: s.Kind}
	for _, part := range s.Sources {
		compiled, err := c.expression(part, list)
		if err != nil {
			return e, err
		}
		e.parts = append(e.parts, compiled)
	}
	var err error
	switch s.Kind {
	case FromFirst, FromAgreeing:
		return e, nil
	case FromConstant:
		e.constant = textValue(s.Name)
		if list {
			e.constant = collect([]value{e.constant})
		}
	case FromBody:
		e.index, err = c.pointer(s.Name, list)
	default:
		e.index = c.place(s, list)
	}
	if err == nil {
		e.decoding, err = decoderFor(s.Decode, s.Field)
	}
	return e, err
}

func (c *compiler) place(s Source, list bool) int {
	if s.Kind == FromHeader {
		s.Name = textproto.CanonicalMIMEHeaderKey(s.Name)
	}
	wanted := place{s.Kind, s.Name, s.Split, list}
	for i, p := range c.plan.places {
		if p == wanted {
			return i
		}
	}
	c.plan.places = append(c.plan.places, wanted)
	return len(c.plan.places) - 1
}

func (c *compiler) pointer(pointer string, list bool) (int, error) {
	key := place{kind: FromBody, name: pointer, list: list}
	if i, known := c.pointers[key]; known {
		return i, nil
	}
	steps, err := parsePointer(pointer, list)
	if err != nil {
		return 0, err
	}
	if c.plan.body == nil {
		c.plan.body = newNode()
	}
	i := len(c.pointers)
	c.pointers[key] = i
	c.plan.body.add(steps, i, list)
	return i, nil
}
