package policyengine

import (
	"slices"
	"time"

	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
)

const secondsOfDay = 24 * 60 * 60

// clock knows when the time conditions of a permission can change. It may name an instant at which none does, which costs
// an evaluation; it must not miss one, which would grant what is over. Policies see whole seconds, so all changes are at one.
type clock struct {
	instants []int64 // seconds since 1970
	daily    []int64 // seconds since midnight in GMT
}

// add notes the limits of a statement. Both ends of what a condition speaks of count, whatever its operator, and one
// second after too, which is when "later than" begins to hold.
func (k *clock) add(s *bind.Statement) {
	for _, c := range s.Conditions {
		if c.Kind == catalog.WeekDay {
			k.daily = append(k.daily, 0)
			continue
		}
		for _, o := range c.Operands {
			at := o.Moment.Time.Unix()
			switch c.Kind {
			case catalog.Date:
				k.instants = append(k.instants, at, at+secondsOfDay)
			case catalog.DateTime:
				k.instants = append(k.instants, at, at+1)
			case catalog.TimeOfDay:
				midnight := -int64(o.Moment.Offset / time.Second)
				limit := midnight + int64(o.Moment.Clock/time.Second)
				k.daily = append(k.daily, ofDay(midnight), ofDay(limit), ofDay(limit+1))
			}
		}
	}
}

// ofDay is the second of the day in GMT, also of a time before midnight, which east of Greenwich is where a day begins.
func ofDay(seconds int64) int64 { return (seconds%secondsOfDay + secondsOfDay) % secondsOfDay }

func (k *clock) sort() {
	slices.Sort(k.instants)
	slices.Sort(k.daily)
	k.instants = slices.Compact(k.instants)
	k.daily = slices.Compact(k.daily)
}

// next is the first change after now, zero when there is none to come.
func (k *clock) next(now time.Time) time.Time {
	seconds := now.Unix()
	var next time.Time
	if i, _ := slices.BinarySearch(k.instants, seconds+1); i < len(k.instants) {
		next = time.Unix(k.instants[i], 0)
	}
	if len(k.daily) == 0 {
		return next
	}
	// The first change later today, else the first of tomorrow.
	today := ofDay(seconds)
	midnight := seconds - today
	i, _ := slices.BinarySearch(k.daily, today+1)
	if i == len(k.daily) {
		i, midnight = 0, midnight+secondsOfDay
	}
	if at := time.Unix(midnight+k.daily[i], 0); next.IsZero() || at.Before(next) {
		return at
	}
	return next
}
