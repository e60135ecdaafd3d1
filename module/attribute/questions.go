package attribute

import (
	"errors"
	"net/textproto"
	"slices"
	"strings"
)

// Questions reads one request. There is at least one question for each permission of the rule, and at most MaxQuestions
// in all. The error is an *Error; it means that the request must be refused whatever the caller may do.
//
// The things that a request touches are every combination of the values of its places; a repeated or split query
// parameter has several, and the rows of a body count as one place.
func (p *Plan) Questions(in Input) ([]Question, error) {
	raw := in.RawQuery()
	var few [maxPermissions + maxNames]string
	permissions := p.permissions(few[:0], raw)
	var room [16]value
	t := things{values: room[:0]}
	if slices.ContainsFunc(p.rule.PageKeys, func(key string) bool { return isGiven(raw, key) }) {
		return p.ask(nil, 1, permissions)
	}
	var err error
	for i := range p.places {
		if t.values, err = p.places[i].read(t.values, in, raw); err != nil {
			return nil, err
		}
		t.ends[i] = len(t.values)
	}
	if t.rows, err = p.bodyRows(in); err != nil {
		return nil, err
	}
	count, err := t.count(len(p.places))
	if err != nil {
		return nil, err
	}
	return p.ask(&t, count, permissions)
}

// permissions adds those that the query makes necessary.
func (p *Plan) permissions(all []string, raw string) []string {
	all = append(all, p.rule.Permissions...)
	for _, q := range p.rule.QueryPermissions {
		if isSet(raw, q.Parameter) && !slices.Contains(all, q.Permission) {
			all = append(all, q.Permission)
		}
	}
	return all
}

// ask writes the questions down. Without things there is one of which nothing is known. The parts of all questions
// share three allocations.
func (p *Plan) ask(t *things, count int, permissions []string) ([]Question, error) {
	if count*len(permissions) > MaxQuestions {
		return nil, errTooMany
	}
	questions := make([]Question, 0, count*len(permissions))
	attributes := make([]Attribute, 0, count*len(p.attributes))
	texts := make([]string, 0, cap(attributes))
	for thing := range count {
		start := len(attributes)
		if t != nil {
			t.choose(thing, len(p.places))
		}
		for i, b := range p.rule.Attributes {
			a := Attribute{Name: b.Name, List: b.List}
			var v value
			if t != nil {
				v = p.attributes[i].of(t)
			}
			if a.Known = v.state == known; a.Known {
				if a.Values = v.list; !b.List {
					texts = append(texts, v.text)
					a.Values = texts[len(texts)-1 : len(texts) : len(texts)]
				}
			}
			attributes = append(attributes, a)
		}
		for _, permission := range permissions {
			questions = append(questions, Question{permission, attributes[start:len(attributes):len(attributes)]})
		}
	}
	return questions, nil
}

// of is the attribute of the chosen thing.
func (e *expression) of(t *things) value {
	switch e.kind {
	case FromFirst:
		for i := range e.parts {
			// Only what is not there gives way. The unreadable one may be what the upstream goes by.
			if v := e.parts[i].of(t); v.state != absent {
				return v
			}
		}
		return value{}
	case FromAgreeing:
		return e.agreed(t)
	case FromConstant:
		return e.decoding.apply(e.constant)
	case FromBody:
		return e.decoding.apply(t.rows[t.row][e.index])
	}
	return e.decoding.apply(t.values[t.chosen[e.index]])
}

// agreed is the value that all sources give that are there. Two different ones are as good as none: the upstream may go
// by either.
func (e *expression) agreed(t *things) value {
	var agreed value
	for i := range e.parts {
		v := e.parts[i].of(t)
		switch {
		case v.state == absent:
		case v.state == unreadable, agreed.state == known && !agreed.same(v):
			return value{state: unreadable}
		default:
			agreed = v
		}
	}
	return agreed
}

// things is what one request has at the places of a plan, and which of it belongs to the thing that is being written
// down.
type things struct {
	values []value
	ends   [maxSources]int // in values, of each place
	rows   []row           // of the body
	chosen [maxSources]int // index in values, of each place
	row    int
}

// start is where the values of a place begin.
func (t *things) start(place int) int {
	if place == 0 {
		return 0
	}
	return t.ends[place-1]
}

// count is the number of combinations.
func (t *things) count(places int) (int, error) {
	count := max(1, len(t.rows))
	for i := range places {
		if count *= t.ends[i] - t.start(i); count > MaxQuestions {
			return 0, errTooMany
		}
	}
	return count, nil
}

// choose counts through the combinations: each place is a digit.
func (t *things) choose(thing, places int) {
	for i := range places {
		size := t.ends[i] - t.start(i)
		t.chosen[i] = t.start(i) + thing%size
		thing /= size
	}
	t.row = thing
}

// read appends the values of a place: at least one, which may be absent. Like the functions below it takes the values so
// far and returns them with more, as append does; kept behind a pointer they would cost every request an allocation.
func (p *place) read(values []value, in Input, raw string) ([]value, error) {
	start := len(values)
	switch p.kind {
	case FromPath:
		text, ok := in.Param(p.name)
		values = p.split(values, text, !ok)
	case FromQuery:
		queryValues(raw, p.name, func(text string, doubtful bool) { values = p.split(values, text, doubtful) })
	case FromHeader:
		for _, line := range in.Header(p.name) {
			values = p.split(values, line, false)
		}
	case FromClaim:
		for _, text := range in.Claim(p.name) {
			values = p.split(values, text, false)
		}
	}
	switch found := len(values) - start; {
	case found > MaxQuestions:
		return nil, errTooMany
	case p.list:
		return append(values[:start], collect(values[start:])), nil
	case found == 0:
		return append(values, value{}), nil
	case found > 1:
		values = unrepeat(values, start)
	}
	return values, nil
}

// split appends the values in one text. An empty one between two separators stays: whether an upstream passes over it or
// takes it for "all" is not clear. Reading ends soon after the bound on questions.
func (p *place) split(values []value, text string, doubtful bool) []value {
	if doubtful {
		return append(values, value{state: unreadable})
	}
	for more := true; more && len(values) <= maxFound; {
		part := text
		if more = false; p.separator != "" {
			part, text, more = strings.Cut(text, p.separator)
		}
		if p.kind == FromHeader {
			part = textproto.TrimString(part) // RFC 9110 section 5.6.1: blanks around the elements of a list mean nothing
		}
		values = append(values, textValue(part))
	}
	return values
}

// unrepeat drops repetitions among the values from start on, of which there are at most MaxQuestions.
func unrepeat(values []value, start int) []value {
	kept := values[:start]
	seen := make(map[string]bool, len(values)-start) // by text; "" is the unreadable one, as no known text is empty
	for _, v := range values[start:] {
		if !seen[v.text] {
			seen[v.text] = true
			kept = append(kept, v)
		}
	}
	return kept
}

// bodyRows reads the body, if the plan asks for it.
func (p *Plan) bodyRows(in Input) ([]row, error) {
	if p.body == nil {
		return nil, nil
	}
	data, err := in.Body(p.maxBody)
	if err != nil {
		if own, ok := errors.AsType[*Error](err); ok {
			return nil, own
		}
		return nil, &Error{Kind: Truncated, Public: "The body could not be read", Cause: err}
	}
	if int64(len(data)) > p.maxBody {
		return nil, errTooLarge(p.maxBody)
	}
	f, err := scan(data, p.body)
	if err != nil {
		return nil, err
	}
	rows, err := join(p.body, f, p.bodyLeaves)
	return distinct(rows), err
}
