package refeval

import (
	"slices"
	"time"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
)

// timed compares the time of the request, to the second. It is always known.
func timed(c *bind.Condition, now time.Time) Truth {
	now = now.Truncate(time.Second)
	moment := c.Operands[0].Moment
	switch c.Kind {
	case catalog.WeekDay:
		today := now.UTC().Weekday()
		in := slices.ContainsFunc(c.Operands, func(o bind.Operand) bool { return o.Moment.Weekday == today })
		return truth(in != c.Operator.Negative())
	case catalog.TimeOfDay:
		local := now.In(time.FixedZone("", int(moment.Offset/time.Second)))
		clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
		return order(c.Operator, clock < moment.Clock, clock > moment.Clock)
	case catalog.Date:
		next := moment.Time.Add(24 * time.Hour)
		if c.Operator == ast.Equal {
			return truth(!now.Before(moment.Time) && now.Before(next))
		}
		return order(c.Operator, now.Before(moment.Time), !now.Before(next))
	default:
		return order(c.Operator, now.Before(moment.Time), now.After(moment.Time))
	}
}

func order(op ast.Operator, before, after bool) Truth {
	if op == ast.Less {
		return truth(before)
	}
	return truth(after)
}
