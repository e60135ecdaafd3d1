package module

import (
	"fmt"
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
)

// triedStatements bounds how many statements are taken apart to find the nearest.
const triedStatements = 50

// policies explains a refusal by what the policies of the user say.
func (e *explainer) policies(x *exchange) {
	if len(x.trace.asked) == 0 {
		e.because("The policies had nothing to decide on: %s.", x.detail)
		return
	}
	for i := range x.trace.asked {
		a := &x.trace.asked[i]
		if request := x.refusedOf(a); request != nil && !a.verdict.Allow {
			e.permission(x, request, a.verdict)
		}
	}
}

// refusedOf finds what was refused of several things that were asked about.
func (x *exchange) refusedOf(a *asked) *policyengine.Request {
	for i := range a.requests {
		v, err := x.h.gate.rules.engine.Decide(x.r.Context(), a.requests[i])
		if err == nil && !v.Allow {
			return &a.requests[i]
		}
	}
	return nil
}

// permission explains one refusal: a DENY that holds, or no ALLOW that does.
func (e *explainer) permission(x *exchange, r *policyengine.Request, v policyengine.Verdict) {
	for _, reason := range v.Reasons {
		e.because("%s is refused by the DENY of %s.", r.Permission, placeOfReason(reason))
		if reason.Note != "" {
			e.because("%s", reason.Note)
		}
	}
	if len(v.Reasons) > 0 {
		if len(v.Missing) > 0 {
			e.because("A DENY also holds where the request does not say what it asks for; this one does not say %s.", strings.Join(v.Missing, ", "))
			e.change("say %s in the request", strings.Join(v.Missing, ", "))
		}
		e.change("take %s out of the DENY of %s, or the user out of the groups that it is bound to", about(r), placeOfReason(v.Reasons[0]))
		return
	}
	statements, err := x.h.gate.rules.pap.Statements(e.ctx, r.Subject.Groups, r.Account, r.Environment)
	if err != nil {
		e.because("The policies could not be read: %v.", err)
		return
	}
	e.nothingGrants(r, allowing(statements, r.Permission))
}

func placeOfReason(r policyengine.Reason) string {
	return fmt.Sprintf("the policy %q (%s %s), line %d, column %d", r.PolicyName, r.Level, r.LevelID, r.Line, r.Column)
}

func allowing(statements []*bind.Statement, permission string) []*bind.Statement {
	return slices.DeleteFunc(slices.Clone(statements), func(s *bind.Statement) bool {
		return s.Effect != ast.Allow || s.Permission != permission
	})
}

// nothingGrants explains the default: which statement comes nearest to granting, or that there is none.
func (e *explainer) nothingGrants(r *policyengine.Request, statements []*bind.Statement) {
	if len(r.Subject.Groups) == 0 {
		e.because("The user %s is in no group, so no policy is bound to the user.", r.Subject.User)
		e.change("make the user a member of a group that has %s", r.Permission)
		return
	}
	if len(statements) == 0 {
		e.because("No statement that is bound to the groups of the user is about %s.", r.Permission)
		if name := builtInWith(r.Permission); name != "" {
			e.change("bind the built-in policy %q to a group of the user", name)
		}
		e.change("bind a policy with `ALLOW %s;` to a group of the user", r.Permission)
		return
	}
	s, failing := nearestStatement(e, r, statements)
	if s == nil {
		e.because("The statements about %s do not hold.", r.Permission)
		return
	}
	o := s.Origin
	e.because("The nearest ALLOW of %s is that of the policy %q (%s %s), line %d, column %d.", r.Permission, o.PolicyName, o.Level, o.LevelID, o.Pos.Line, o.Pos.Column)
	for _, c := range failing {
		said := saidOf(r, c.Name)
		e.because("Its condition `%s`%s does not hold: the request %s.", conditionText(s, c), boundaryOf(c), said)
		if said == saysNothing {
			e.change("say %s in the request", c.Name)
		}
	}
	e.change("widen those conditions to %s, or bind a further policy that allows it", about(r))
}

// builtInWith names the built-in policy that mentions a permission and little else.
func builtInWith(permission string) string {
	separator := func(r rune) bool { return strings.ContainsRune(" ,;\n\t", r) }
	name, least := "", 0
	for _, p := range pap.BuiltIn() {
		words := strings.FieldsFunc(p.Statement, separator)
		if slices.Contains(words, permission) && (name == "" || len(words) < least) {
			name, least = p.Name, len(words)
		}
	}
	return name
}

// nearestStatement is the one with the fewest conditions that do not hold, and those. Each condition is put to the engine
// as a statement of its own: nobody else knows better whether it holds.
func nearestStatement(e *explainer, r *policyengine.Request, statements []*bind.Statement) (nearest *bind.Statement, failing []bind.Condition) {
	for _, s := range statements[:min(len(statements), triedStatements)] {
		var fail []bind.Condition
		for _, c := range s.Conditions {
			if !e.holds(r, s, c) {
				fail = append(fail, c)
			}
		}
		if len(fail) > 0 && (nearest == nil || len(fail) < len(failing)) {
			nearest, failing = s, fail
		}
	}
	return nearest, failing
}

func (e *explainer) holds(r *policyengine.Request, s *bind.Statement, c bind.Condition) bool {
	set, err := policyengine.Compile([]*bind.Statement{alone(s, c)})
	if err != nil {
		return false
	}
	v, err := set.Decide(e.ctx, *r)
	return err == nil && v.Allow
}

// alone is a statement with one condition of another.
func alone(s *bind.Statement, c bind.Condition) *bind.Statement {
	return &bind.Statement{Effect: ast.Allow, Permission: s.Permission, Conditions: []bind.Condition{c}, Origin: s.Origin}
}

func conditionText(s *bind.Statement, c bind.Condition) string {
	_, text, _ := strings.Cut(alone(s, c).String(), " WHERE ")
	return strings.TrimSuffix(text, ";")
}

func boundaryOf(c bind.Condition) string {
	if c.Boundary == "" {
		return ""
	}
	return fmt.Sprintf(" (of the boundary %q)", c.Boundary)
}

const saysNothing = "does not say it"

// saidOf is what the request says of an attribute.
func saidOf(r *policyengine.Request, name string) string {
	if strings.HasPrefix(name, "global:") {
		return "is made by this user, here and now"
	}
	for _, a := range r.Attributes {
		if a.Name == name && a.Known {
			return "says " + quoted(a.Values)
		}
	}
	return saysNothing
}

// shownValues bounds what is repeated of a request.
const shownValues = 5

func quoted(values []string) string {
	var shown []string
	for _, v := range values[:min(len(values), shownValues)] {
		shown = append(shown, fmt.Sprintf("%.200q", v))
	}
	if len(values) > shownValues {
		shown = append(shown, "…")
	}
	return strings.Join(shown, ", ")
}

// about is what a request asks for, as an author of policies would say it.
func about(r *policyengine.Request) string {
	var said []string
	for _, a := range r.Attributes {
		if a.Known {
			said = append(said, a.Name+" "+quoted(a.Values))
		}
	}
	if len(said) == 0 {
		return "requests that name nothing in particular"
	}
	return strings.Join(said, " with ")
}
