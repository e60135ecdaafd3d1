package tokens

import (
	"time"

	"github.com/doorward/doorward/internal/instant"
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
	at, ok := instant.Parse(text, now)
	if !ok || at.Year() > 9999 {
		return time.Time{}, invalid(expiryHelp)
	}
	at = cutToMillisecond(at)
	if !at.After(now) {
		return time.Time{}, invalid("The expiration date must be in the future.")
	}
	return at, nil
}
