package endpoint

import "strings"

// branch is a node of the decision tree of one method. An edge consumes one segment of the path, so a branch belongs to
// one depth and a search enters it at most once: the work for a request is bounded by the size of the table and, but
// for rows that fork literal against parameter at every segment, by the length of the path.
type branch struct {
	literals map[string]*branch // by unescaped text
	verbs    map[string]*branch // by unescaped verb
	param    *branch
	tail     *Endpoint // a tail ends the path, so it needs no branch
	endpoint *Endpoint // the row that ends here
}

// insert hangs a row into the tree: existing branches are shared with rows that begin alike, whatever their parameters
// are called. The caller has made sure that its shape is new.
func (b *branch) insert(segments []segment, row *Endpoint) {
	for _, s := range segments {
		switch s.kind {
		case literal:
			b = grow(&b.literals, s.text)
		case verb:
			b = grow(&b.verbs, s.text)
		case parameter:
			if b.param == nil {
				b.param = &branch{}
			}
			b = b.param
		case tail:
			b.tail = row
			return
		}
	}
	b.endpoint = row
}

// grow is the branch behind an edge, made where it is not there yet. Maps come only where there are edges, because most
// branches have none and Match tests for nil.
func grow(edges *map[string]*branch, text string) *branch {
	if *edges == nil {
		*edges = make(map[string]*branch)
	}
	if (*edges)[text] == nil {
		(*edges)[text] = &branch{}
	}
	return (*edges)[text]
}

// match finds the strongest row for the rest of a path, which begins after a slash. It tries literal, verb, parameter
// and tail in this order and comes back when what follows does not fit. escaped says whether the path holds any '%'.
// The nil branch matches nothing.
func (b *branch) match(path string, escaped bool, p *Params) *Endpoint {
	if b == nil {
		return nil
	}
	segment, rest, more := strings.Cut(path, "/")
	if b.literals != nil {
		if row := edge(b.literals, segment, escaped).follow(rest, more, escaped, p); row != nil {
			return row
		}
	}
	// Whatever a failed attempt has put into p ends here again.
	mark := p.count
	if b.verbs != nil {
		if row := b.matchVerb(path, segment, rest, more, escaped, p); row != nil {
			return row
		}
		p.count = mark
	}
	if b.param != nil && fits(segment, escaped) {
		p.push(path, len(segment))
		if row := b.param.follow(rest, more, escaped, p); row != nil {
			return row
		}
		p.count = mark
	}
	if b.tail != nil && fitsTail(path, escaped) {
		p.push(path, len(path))
		return b.tail
	}
	return nil
}

// matchVerb tries the first segment of a path as a value with a verb. It may leave a value in p when it fails.
func (b *branch) matchVerb(path, segment, rest string, more, escaped bool, p *Params) *Endpoint {
	value, verb, ok := splitVerb(segment)
	if !ok || !fits(value, escaped) {
		return nil
	}
	p.push(path, len(value))
	return edge(b.verbs, verb, escaped).follow(rest, more, escaped, p)
}

// follow goes on below a branch, which may be nil.
func (b *branch) follow(rest string, more, escaped bool, p *Params) *Endpoint {
	switch {
	case b == nil:
		return nil
	case more:
		return b.match(rest, escaped, p)
	default:
		return b.endpoint
	}
}

// edge looks a text up by its unescaped form.
func edge(edges map[string]*branch, text string, escaped bool) *branch {
	if !escaped || strings.IndexByte(text, '%') < 0 {
		return edges[text]
	}
	var buf [maxLiteral]byte
	length, ok := unescape(&buf, text)
	if !ok || length > len(buf) {
		return nil
	}
	return edges[string(buf[:length])]
}
