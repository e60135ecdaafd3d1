package masking_test

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// tree is a JSON value with its members in order, as encoding/json reads it.
type tree struct {
	kind  byte     // '{', '[' or, of a scalar, 's'
	text  any      // of a scalar: string, json.Number, bool or nil
	names []string // of an object
	items []tree
}

var masked = tree{kind: 's', text: "*****"}

func readTree(text []byte) (tree, error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	t, err := nextTree(d)
	if err != nil {
		return t, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return t, errors.New("something follows")
	}
	return t, nil
}

func nextTree(d *json.Decoder) (tree, error) {
	token, err := d.Token()
	if err != nil {
		return tree{}, err
	}
	opening, ok := token.(json.Delim)
	if !ok {
		return tree{kind: 's', text: token}, nil
	}
	t := tree{kind: byte(opening)}
	for d.More() {
		if opening == '{' {
			name, err := d.Token()
			if err != nil {
				return t, err
			}
			t.names = append(t.names, name.(string))
		}
		item, err := nextTree(d)
		if err != nil {
			return t, err
		}
		t.items = append(t.items, item)
	}
	_, err = d.Token()
	return t, err
}

// oracle says what is shown the slow way: it asks every pointer about every place.
type oracle [][]string

func newOracle(shown []string) oracle {
	var o oracle
	for _, pointer := range shown {
		steps := strings.Split(pointer, "/")[1:]
		for i, step := range steps {
			steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		}
		o = append(o, steps)
	}
	return o
}

// reaches reports whether a pointer goes to a place with so many steps, and what is left of it there.
func reaches(steps, path []string) (rest []string, all, ok bool) {
	for i, name := range path {
		switch {
		case i == len(steps):
			return nil, false, false
		case steps[i] == "**":
			return nil, true, true
		case i > 0 && i == len(steps)-1 && steps[i] == "-":
			return nil, false, false
		case steps[i] != "*" && steps[i] != name:
			return nil, false, false
		}
	}
	return steps[len(path):], false, true
}

func (o oracle) any(path []string, holds func(rest []string) bool) bool {
	return slices.ContainsFunc(o, func(steps []string) bool {
		rest, all, ok := reaches(steps, path)
		return ok && (all || holds(rest))
	})
}

func (o oracle) showsName(path []string) bool {
	return o.any(path, func([]string) bool { return true })
}

func (o oracle) showsScalar(path []string) bool {
	return o.any(path, func(rest []string) bool { return len(rest) == 0 })
}

func (o oracle) opens(path []string) bool {
	return o.any(path, func(rest []string) bool {
		return len(rest) > 0 && (rest[0] != "-" || len(rest) > 1)
	})
}

// mask is what Plan.JSON has to make of a document.
func (o oracle) mask(t tree, path []string) tree {
	switch {
	case t.kind == 's' && (t.text == nil || o.showsScalar(path)):
		return t
	case t.kind == 's':
		return masked
	case len(t.items) == 0:
		return t
	case !o.opens(path):
		return masked
	}
	out, hides := tree{kind: t.kind}, false
	for i, item := range t.items {
		if t.kind == '[' {
			out.items = append(out.items, o.mask(item, append(slices.Clone(path), strconv.Itoa(i))))
			continue
		}
		below := append(slices.Clone(path), t.names[i])
		switch {
		case o.showsName(below):
			out.names, out.items = append(out.names, t.names[i]), append(out.items, o.mask(item, below))
		case !hides:
			hides = true
			out.names, out.items = append(out.names, "*****"), append(out.items, masked)
		}
	}
	return out
}
