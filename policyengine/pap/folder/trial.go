package folder

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/parser"
)

// trial is what the changes are tried on.
type trial struct {
	*draft
	*worker
	catalog *catalog.Catalog
}

// bindable says what is wrong with one binding by itself, at its place in the folder.
func (t *trial) bindable(b Binding) (found Findings) {
	uuid := t.worker.policies[policyKey{b.policyLevel(t.scope), b.Policy}]
	policy := bind.Policy{ID: uuid, Name: b.Policy}
	text := ""
	for _, p := range pap.BuiltIn() {
		if p.UUID == uuid {
			text = p.Statement
		}
	}
	policy.Tree, _ = parser.ParsePolicy(cmp.Or(t.draft.policies[uuid].Statement, text))
	var boundaries []bind.Boundary
	for _, name := range b.Boundaries {
		boundary := bind.Boundary{Name: name}
		boundary.Tree, _ = parser.ParseBoundary(t.draft.boundaries[t.worker.boundaries[name]].Query)
		boundaries = append(boundaries, boundary)
		if boundary.Tree == nil {
			return nil // which has been said of the boundary
		}
	}
	if policy.Tree == nil {
		return nil // which has been said of the policy
	}
	_, remarks := bind.Bind(policy, b.Parameters, boundaries, cmp.Or(t.catalog, catalog.Default()))
	for _, d := range remarks {
		d.Message = fmt.Sprintf("policy %q: %s", b.Policy, d.Message)
		d.Pos, d.Source = b.origin.pos, ""
		found.add(b.origin.file, d)
	}
	return found
}

// errBefore is that of a step which needs what an earlier one did not make.
var errBefore = errors.New("an earlier step has failed")

// blame finds the place in the folder for what went wrong in a trial. What is nobody's mistake comes back.
func blame(found *Findings, at origin, err error) error {
	if errors.Is(err, errBefore) {
		return nil
	}
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		return err
	}
	if wrong, ok := errors.AsType[*pap.DiagnosticsError](err); ok && at.above >= 0 && !strings.HasPrefix(f.Public, "It is bound") {
		found.about(at, wrong.Diagnostics)
		return nil
	}
	found.add(at.file, ast.Diagnostic{Pos: at.pos, Code: "refused", Message: f.Public})
	return nil
}
