package tokenapi

import "time"

// dateLayout is how dates leave: clients parse exactly this, fraction and letter included.
const dateLayout = "2006-01-02T15:04:05.000Z"

// date is a time as the API writes it, nil for one that there is not.
func date(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	return new(at.UTC().Format(dateLayout))
}

// millis is a time in milliseconds since 1970, nil for one that there is not.
func millis(at time.Time) *int64 {
	if at.IsZero() {
		return nil
	}
	return new(at.UnixMilli())
}

// maxMillis is the last instant of 9999, the last year that the layout of a date has room for.
const maxMillis = 253402300799999

// fromMillis is the reverse of millis. It reports false for what millis never gives.
func fromMillis(at *int64) (time.Time, bool) {
	if at == nil {
		return time.Time{}, true
	}
	return time.UnixMilli(*at).UTC(), 0 <= *at && *at <= maxMillis
}
