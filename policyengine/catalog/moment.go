package catalog

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Moment is the value of a timed condition. Which fields count depends on the kind.
type Moment struct {
	Time    time.Time     // DateTime: the instant; Date: the first instant of that day, which lasts 24 hours
	Clock   time.Duration // TimeOfDay: since midnight
	Offset  time.Duration // TimeOfDay: east of GMT
	Weekday time.Weekday  // WeekDay
}

// form is how a timed value is written: a fixed number of bytes, then Z or +hh:mm.
type form struct {
	layout  string
	example string
}

var forms = map[Kind]form{
	Date:      {"2006-01-02", "2026-05-03+01:00"},
	DateTime:  {"2006-01-02T15:04:05", "2026-05-03T05:00:00+01:00"},
	TimeOfDay: {"15:04", "09:00+01:00"},
}

// maxOffset is more than any zone has; 14 hours is the most in use.
const maxOffset = 18 * time.Hour

// ParseMoment reads the value of a timed condition. The zone is mandatory: without it the same policy would mean
// different things on different machines. The error is a sentence for the policy's author.
func ParseMoment(kind Kind, text string) (Moment, error) {
	if kind == WeekDay {
		return parseWeekday(text)
	}
	f, ok := forms[kind]
	if !ok {
		return Moment{}, fmt.Errorf("a %s is not a point in time", kind)
	}
	// time.Parse is lenient about digits and fractions, so the length is checked by itself.
	zoned := len(text) == len(f.layout)+len("Z") || len(text) == len(f.layout)+len("+01:00")
	t, err := time.Parse(f.layout+"Z07:00", text)
	if !zoned || err != nil {
		return Moment{}, fmt.Errorf("a %s is written as %s or with Z for GMT; the zone is mandatory", kind, f.example)
	}
	_, seconds := t.Zone()
	offset := time.Duration(seconds) * time.Second
	if offset.Abs() > maxOffset {
		return Moment{}, errors.New("no zone is more than 18 hours from GMT")
	}
	if kind == TimeOfDay {
		clock := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
		return Moment{Clock: clock, Offset: offset}, nil
	}
	return Moment{Time: t.UTC()}, nil
}

func parseWeekday(text string) (Moment, error) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if day.String() == text {
			return Moment{Weekday: day}, nil
		}
	}
	return Moment{}, errors.New("a week day is one of " + strings.Join(weekdays(), ", "))
}

func weekdays() []string {
	var names []string
	for day := range 7 {
		names = append(names, time.Weekday((day+1)%7).String())
	}
	return names
}
