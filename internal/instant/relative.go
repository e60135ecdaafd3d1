package instant

import (
	"strings"
	"time"
)

// readRelative reads what follows "now": [±N<unit>][/<unit>].
func readRelative(text string, now time.Time) (time.Time, bool) {
	step, alignment, aligned := strings.Cut(text, "/")
	at, ok := now, step == ""
	if len(step) >= 3 && (step[0] == '+' || step[0] == '-') {
		number, isNumber := readNumber(step[1:len(step)-1], 6)
		if step[0] == '-' {
			number = -number
		}
		at, ok = shift(now, int(number), step[len(step)-1])
		ok = ok && isNumber
	}
	if !aligned || !ok {
		return at, ok
	}
	if len(alignment) != 1 {
		return time.Time{}, false
	}
	return startOf(at, alignment[0])
}

func shift(t time.Time, n int, unit byte) (time.Time, bool) {
	switch unit {
	case 'm':
		return t.Add(time.Duration(n) * time.Minute), true
	case 'h':
		return t.Add(time.Duration(n) * time.Hour), true
	case 'd':
		return t.AddDate(0, 0, n), true
	case 'w':
		return t.AddDate(0, 0, 7*n), true
	case 'M':
		return shiftMonths(t, n), true
	case 'y':
		return shiftMonths(t, 12*n), true
	}
	return time.Time{}, false
}

// shiftMonths keeps the day of the month where the target month has it: a month after 31 January is the last of
// February, not the 2nd or 3rd of March.
func shiftMonths(t time.Time, n int) time.Time {
	at := t.AddDate(0, n, 0)
	if at.Day() != t.Day() {
		at = at.AddDate(0, 0, -at.Day())
	}
	return at
}

// startOf cuts t back, never forward.
func startOf(t time.Time, unit byte) (time.Time, bool) {
	year, month, day := t.Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	switch unit {
	case 'm':
		return t.Truncate(time.Minute), true
	case 'h':
		return t.Truncate(time.Hour), true
	case 'd':
		return midnight, true
	case 'w':
		return midnight.AddDate(0, 0, -(int(midnight.Weekday())+6)%7), true
	case 'M':
		return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC), true
	case 'y':
		return time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC), true
	}
	return time.Time{}, false
}
