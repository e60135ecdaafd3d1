package catalog

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/doorward/doorward/policyengine/ast"
)

// Bounds of what operators may add. They are far above any real service, and keep a wrong file from filling the memory.
const (
	maxPermissions = 5000 // of a catalogue
	maxConditions  = 100  // of one permission
	maxNameBytes   = 200
)

// grants lists, by permission, its conditions and their operators in canonical spelling.
type grants map[string]map[string][]string

// file is a catalogue file as it is written. Operators' files have the first two sections only.
type file struct {
	Permissions grants          `json:"permissions" yaml:"permissions"`
	Kinds       map[string]Kind `json:"kinds" yaml:"kinds"` // of conditions; text where nothing is said
}

// referenceFile is the embedded one.
type referenceFile struct {
	file
	Globals    map[string]globalCondition `json:"globals"`
	Attributes []string                   `json:"attributes"`
	Includes   map[string][]string        `json:"includes"`
	Unattached map[string][]string        `json:"unattached"` // conditions known without a permission
	Unlisted   grants                     `json:"unlisted"`
}

type globalCondition struct {
	Kind      Kind     `json:"kind"`
	Operators []string `json:"operators"`
}

//go:embed reference.json
var reference []byte

// Default returns the embedded catalogue. It is read once, when it is first asked for.
func Default() *Catalog { return embedded() }

var embedded = sync.OnceValue(func() *Catalog {
	c, err := loadReference(reference)
	if err != nil {
		panic("catalog: the embedded reference is damaged: " + err.Error())
	}
	return c
})

// loadReference builds a catalogue from nothing. It is strict although the file is our own: a typing error in it would
// otherwise show as a permission that nobody can grant.
func loadReference(source []byte) (*Catalog, error) {
	var f referenceFile
	decoder := json.NewDecoder(bytes.NewReader(source))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return nil, err
	}
	c := &Catalog{
		permissions: map[string]Permission{}, services: map[string]bool{}, globals: map[string]Condition{},
		attributes: map[string]bool{}, conditions: map[string]Condition{},
	}
	for name, g := range f.Globals {
		operators, err := parseOperators(g.Operators)
		if err != nil {
			return nil, err
		}
		c.globals[name] = Condition{Name: name, Kind: g.Kind, Operators: operators}
	}
	for name, operators := range f.Unattached {
		set, err := parseOperators(operators)
		if err != nil {
			return nil, err
		}
		c.conditions[name] = Condition{Name: name, Kind: Text, Operators: set, Unlisted: true}
	}
	for _, name := range f.Attributes {
		c.attributes[name] = true
	}
	if err := errors.Join(c.add(f.Permissions, f.Kinds, false), c.add(f.Unlisted, f.Kinds, true)); err != nil {
		return nil, err
	}
	for name, included := range f.Includes {
		p := c.permissions[name]
		p.Includes = included
		c.permissions[name] = p
	}
	return c, nil
}

// add enters permissions in the order of their names, so that the same wrong file gives the same error every time.
func (c *Catalog) add(added grants, kinds map[string]Kind, unlisted bool) error {
	for _, name := range slices.Sorted(maps.Keys(added)) {
		if err := c.addPermission(name, added[name], kinds, unlisted); err != nil {
			return fmt.Errorf("permissions: %s: %w", name, err)
		}
	}
	if len(c.permissions) > maxPermissions {
		return fmt.Errorf("permissions: the catalogue would have %d; %d are allowed", len(c.permissions), maxPermissions)
	}
	return nil
}

func (c *Catalog) addPermission(name string, conditions map[string][]string, kinds map[string]Kind, unlisted bool) error {
	if !ast.ValidPermission(name) || len(name) > maxNameBytes {
		return errors.New("not a permission in the form service-name:resource:action")
	}
	p, known := c.permissions[name]
	// A permission may be named again to add conditions to it; named again for nothing it is a mistake.
	if !known {
		p = Permission{Name: name, Unlisted: unlisted}
	} else if len(conditions) == 0 {
		return errors.New("the catalogue has this permission already")
	}
	// The map belongs to the catalogue that this one was made from, which is being read elsewhere.
	own := maps.Clone(p.Conditions)
	if own == nil {
		own = map[string]Condition{}
	}
	for _, condition := range slices.Sorted(maps.Keys(conditions)) {
		added, err := c.newCondition(condition, conditions[condition], kinds)
		if _, known := own[condition]; known && err == nil {
			err = errors.New("the catalogue has this condition already")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", condition, err)
		}
		added.Unlisted = unlisted
		own[condition] = added
		c.register(added)
	}
	if len(own) > maxConditions {
		return fmt.Errorf("%d conditions; %d are allowed", len(own), maxConditions)
	}
	p.Conditions = own
	c.permissions[name] = p
	owner, _ := service(name)
	c.services[owner] = true
	return nil
}

// newCondition checks one condition of a file. A name has one kind wherever it appears, because the attribute that it
// reads is one and the same.
func (c *Catalog) newCondition(name string, operators []string, kinds map[string]Kind) (Condition, error) {
	if !ast.ValidCondition(name) || len(name) > maxNameBytes {
		return Condition{}, errors.New("not a condition in the form service-name:attribute")
	}
	if strings.HasPrefix(name, globalPrefix) {
		return Condition{}, errors.New("global conditions hold for every permission and cannot be added")
	}
	known, isKnown := c.conditions[name]
	kind, said := kinds[name]
	switch {
	case !said && isKnown:
		kind = known.Kind
	case !said:
		kind = Text
	case isKnown && kind != known.Kind:
		return Condition{}, fmt.Errorf("is of kind %s already and cannot be of kind %s", known.Kind, kind)
	}
	set, err := parseOperators(operators)
	if err == nil && (set.Has(ast.Less) || set.Has(ast.Greater)) {
		err = errors.New("< and > compare times, which only global conditions have")
	}
	return Condition{Name: name, Kind: kind, Operators: set}, err
}

// register adds a condition to the list of all names, by which boundaries are checked.
func (c *Catalog) register(added Condition) {
	known, ok := c.conditions[added.Name]
	if ok {
		added.Operators |= known.Operators
		added.Unlisted = added.Unlisted && known.Unlisted
	}
	c.conditions[added.Name] = added
}

// parseOperators takes canonical spellings only: a catalogue is written once and compared often.
func parseOperators(names []string) (Operators, error) {
	var set Operators
	for _, name := range names {
		op, ok := ast.OperatorNamed(name)
		if !ok {
			return 0, fmt.Errorf("%q is not an operator; write it as one of %s", name, OperatorSet(ast.Operators()...))
		}
		set |= OperatorSet(op)
	}
	if set == 0 {
		return 0, errors.New("no operators")
	}
	return set, nil
}
