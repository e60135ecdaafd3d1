package bind

import (
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
)

// Fits finds the errors that Bind would find, for a policy and boundaries that can be bound with some other parameters. A
// change of a policy asks this of tens of thousands of bindings, so it makes no statements: how many there would be, and
// of how many conditions, does not depend on the values of parameters. The errors are those of Bind, the warnings are not
// all there.
func Fits(p Policy, parameters map[string]string, boundaries []Boundary, c *catalog.Catalog) ast.Diagnostics {
	b := &binder{policy: p, catalog: c, substitution: substitution{parameters: parameters}}
	b.run(boundaries, b.checkTrees, b.checkParameters, b.prepare)
	return b.diagnostics
}
