package regogen

import (
	"fmt"
	"iter"

	pol "github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
)

// globalPrefix is what the name of an attribute in ${global:name} begins with where attributes are named.
const globalPrefix = "global:"

// Groups is the only attribute of the caller that is a list.
const Groups = globalPrefix + "userGroup"

func isList(name string) bool { return name == Groups }

// Read is an attribute that a statement reads.
type Read struct {
	Name string
	Kind catalog.Kind // Text, Set, Record or a timed kind
}

// Reads yields what a statement reads, the same attribute perhaps several times. A condition that cannot be decided reads
// nothing.
func Reads(s *bind.Statement) iter.Seq[Read] {
	return func(yield func(Read) bool) {
		for i := range s.Conditions {
			c := &condition{Condition: &s.Conditions[i]}
			if !c.supported() {
				continue
			}
			if !yield(Read{c.Name, c.Kind}) {
				return
			}
			for name := range c.templateReads() {
				if !yield(name) {
					return
				}
			}
		}
	}
}

// templateReads yields the attributes in the values.
func (c *condition) templateReads() iter.Seq[Read] {
	return func(yield func(Read) bool) {
		for _, o := range c.Operands {
			for _, part := range o.Parts {
				g, ok := part.(pol.Global)
				if !ok {
					continue
				}
				kind := catalog.Text
				if isList(globalPrefix + g.Name) {
					kind = catalog.Set
				}
				if !yield(Read{globalPrefix + g.Name, kind}) {
					return
				}
			}
		}
	}
}

// CheckKinds refuses statements that read one attribute as two kinds of thing. They can only come from two catalogues,
// and whichever kind the input then had, one of them would be decided wrongly.
func CheckKinds(statements []*bind.Statement) error {
	kinds := map[string]catalog.Kind{}
	for _, s := range statements {
		for r := range Reads(s) {
			if known, ok := kinds[r.Name]; ok && known != r.Kind {
				return fmt.Errorf("%s is read both as %s and as %s", r.Name, known, r.Kind)
			}
			kinds[r.Name] = r.Kind
		}
	}
	return nil
}
