package regogen

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	pol "github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
)

// Time is compared in whole seconds, because that is how finely a policy can say it. Dates and instants are seconds
// since 1970, the time of day is seconds since midnight in GMT, and week days count from Sunday as 0.
const (
	minute = 60
	day    = 24 * 60 * minute
)

// timedOperator reports whether times of a kind can be compared in that way.
func timedOperator(kind catalog.Kind, op pol.Operator) bool {
	switch kind {
	case catalog.WeekDay:
		return op == pol.Equal || op == pol.NotEqual || op == pol.In || op == pol.NotIn
	case catalog.Date:
		return op == pol.Equal || op == pol.Less || op == pol.Greater
	}
	return op == pol.Less || op == pol.Greater
}

// timed compares the time of the request, which is always known.
func (c *condition) timed() []*ast.Expr {
	ref, moment := c.ref(), c.Operands[0].Moment
	switch c.Kind {
	case catalog.WeekDay:
		return []*ast.Expr{c.weekDay(ref)}
	case catalog.TimeOfDay:
		// The clock of the literal's zone: (GMT + offset) modulo a day. A whole day more keeps it from being negative.
		east := int64(moment.Offset/time.Second) + day
		local := ast.Rem.Call(ast.Plus.Call(ref, numberTerm(east%day)), numberTerm(day))
		return []*ast.Expr{c.order(local, int64(moment.Clock/time.Second), 0)}
	case catalog.Date:
		// A day is 24 hours from its first second in the zone of the literal, whose offset does not change.
		first := moment.Time.Unix()
		if c.Operator == pol.Equal {
			return []*ast.Expr{
				ast.GreaterThanEq.Expr(ref, numberTerm(first)),
				ast.LessThan.Expr(ref, numberTerm(first+day)),
			}
		}
		return []*ast.Expr{c.order(ref, first, day-1)}
	default:
		return []*ast.Expr{c.order(ref, moment.Time.Unix(), 0)}
	}
}

// order compares with a moment that lasts for some seconds more: "after a day" is after its last second.
func (c *condition) order(subject *ast.Term, moment, more int64) *ast.Expr {
	if c.Operator == pol.Less {
		return ast.LessThan.Expr(subject, numberTerm(moment))
	}
	return ast.GreaterThan.Expr(subject, numberTerm(moment+more))
}

func (c *condition) weekDay(ref *ast.Term) *ast.Expr {
	var days []*ast.Term
	for _, o := range c.Operands {
		days = append(days, numberTerm(int64(o.Moment.Weekday)))
	}
	switch {
	case !c.Operator.Negative():
		return isOneOf(ref, days...)
	case len(days) == 1:
		return ast.NotEqual.Expr(ref, days[0])
	}
	return negated(isOneOf(ref, days...))
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
