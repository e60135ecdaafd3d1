// Package instant reads points in time as the catalogue's APIs write them.
package instant

import (
	"strconv"
	"strings"
	"time"
)

// maxText bounds what is looked at, in bytes; no form is longer.
const maxText = 40

// Parse reads a point in time, before or after now. The result is UTC, cut to the millisecond.
//
//	2027-01-25T05:57:01.123+01:00  a space may stand for the T; seconds, fraction and zone may be left out, no zone is UTC
//	1800000000000                  milliseconds since 1970, UTC
//	now, now-2h, now+14d           units: minutes m, hours h, days d, weeks w, months M, years y
//	now-1M/d                       … cut back to the start of a minute, hour, day, week (Monday), month or year, in UTC
//
// A month or year away is the same day, or the last one of a shorter month.
func Parse(text string, now time.Time) (time.Time, bool) {
	if len(text) > maxText {
		return time.Time{}, false
	}
	at, ok := read(text, now.UTC())
	if year := at.Year(); !ok || year < 1 || year > 9999 { // what JSON and SQL can write
		return time.Time{}, false
	}
	return at.Truncate(time.Millisecond), true
}

func read(text string, now time.Time) (time.Time, bool) {
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
