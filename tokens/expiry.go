package tokens

import (
	"strconv"
	"strings"
	"time"
)

// expiryHelp is the whole grammar in a sentence, for whoever got it wrong. The text itself is not repeated.
const expiryHelp = "An expiration date is written as 2027-01-25T05:57:01.123+01:00 (UTC without a zone), as UTC milliseconds, " +
	"or relative to now as now+14d with one of the units m h d w M y."

// ParseExpiry reads when a token is to expire. The result is UTC, has millisecond precision and is later than now. The
// error is a *fault.Fault of kind fault.Invalid.
//
//	2027-01-25T05:57:01.123+01:00  a space may stand for the T; seconds, fraction and zone may be left out, no zone is UTC
//	1800000000000                  milliseconds since 1970, UTC
//	now+14d                        units: minutes m, hours h, days d, weeks w, months M, years y
//	now+6M/d                       … cut back to the start of a minute, hour, day, week (Monday), month or year, in UTC
//
// A month or year later is the same day, or the last one of a shorter month.
func ParseExpiry(text string, now time.Time) (time.Time, error) {
	at, ok := readExpiry(text, now.UTC())
	if !ok || at.Year() > 9999 {
		return time.Time{}, invalid(expiryHelp)
	}
	at = cutToMillisecond(at)
	if !at.After(now) {
		return time.Time{}, invalid("The expiration date must be in the future.")
	}
	return at, nil
}

func readExpiry(text string, now time.Time) (time.Time, bool) {
	if len(text) > 40 {
		return time.Time{}, false
	}
	if relative, ok := strings.CutPrefix(text, "now"); ok {
		return readRelative(relative, now)
	}
	if number, ok := readNumber(text, 15); ok {
		return time.UnixMilli(number).UTC(), true
	}
	return readDate(text)
}

// readNumber reads decimal digits and nothing else, no sign either.
func readNumber(text string, most int) (int64, bool) {
	if text == "" || len(text) > most || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	number, err := strconv.ParseInt(text, 10, 64)
	return number, err == nil
}

// dateLayouts are the forms of a date. Parsing takes a fraction after the seconds of its own accord.
var dateLayouts = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04"}

func readDate(text string) (time.Time, bool) {
	// time.Parse takes a comma before the fraction, which the format does not have.
	if len(text) < 11 || strings.Contains(text, ",") {
		return time.Time{}, false
	}
	if text[10] == ' ' {
		text = text[:10] + "T" + text[11:]
	}
	for _, layout := range dateLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// readRelative reads what follows "now": [±N<unit>][/<unit>].
func readRelative(text string, now time.Time) (time.Time, bool) {
	step, alignment, aligned := strings.Cut(text, "/")
	at, ok := now, step == ""
	if len(step) >= 3 && (step[0] == '+' || step[0] == '-') {
		number, isNumber := readNumber(step[1:len(step)-1], 6)
		if step[0] == '-' {
			number = -number
		}
		at, ok = later(now, int(number), step[len(step)-1])
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

func later(t time.Time, n int, unit byte) (time.Time, bool) {
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
		return monthsLater(t, n), true
	case 'y':
		return monthsLater(t, 12*n), true
	}
	return time.Time{}, false
}

// monthsLater keeps the day of the month where the target month has it: a month after 31 January is the last of
// February, not the 2nd or 3rd of March.
func monthsLater(t time.Time, n int) time.Time {
	at := t.AddDate(0, n, 0)
	if at.Day() != t.Day() {
		at = at.AddDate(0, 0, -at.Day())
	}
	return at
}

// startOf cuts t back, never forward: aligning must not make a token live longer than was asked for.
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
