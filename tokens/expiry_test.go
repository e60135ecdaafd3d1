package tokens_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

// now of the tests is a Tuesday.
var now = time.Date(2026, time.March, 31, 13, 45, 30, 123_000_000, time.UTC)

func TestParseExpiry(t *testing.T) {
	for text, want := range map[string]string{
		"2027-01-25T05:57:01.123+01:00": "2027-01-25T04:57:01.123Z",
		"2027-01-25 05:57:01.123+01:00": "2027-01-25T04:57:01.123Z",
		"2027-01-25T05:57:01.123Z":      "2027-01-25T05:57:01.123Z",
		"2027-01-25T05:57:01":           "2027-01-25T05:57:01Z",
		"2027-01-25T05:57":              "2027-01-25T05:57:00Z",
		"2027-01-25 05:57-03:30":        "2027-01-25T09:27:00Z",
		"2027-01-25T05:57:01.123999":    "2027-01-25T05:57:01.123Z",
		"1800000000000":                 "2027-01-15T08:00:00Z",
		"now+90m":                       "2026-03-31T15:15:30.123Z",
		"now+1h":                        "2026-03-31T14:45:30.123Z",
		"now+14d":                       "2026-04-14T13:45:30.123Z",
		"now+2w":                        "2026-04-14T13:45:30.123Z",
		"now+1M":                        "2026-04-30T13:45:30.123Z", // April has no 31st
		"now+11M":                       "2027-02-28T13:45:30.123Z",
		"now+6M":                        "2026-09-30T13:45:30.123Z",
		"now+1y":                        "2027-03-31T13:45:30.123Z",
		"now+1h/m":                      "2026-03-31T14:45:00Z",
		"now+2h/h":                      "2026-03-31T15:00:00Z",
		"now+14d/d":                     "2026-04-14T00:00:00Z",
		"now+14d/w":                     "2026-04-13T00:00:00Z",
		"now+5d/w":                      "", // a Sunday: its week began on the Monday before now
		"now+12d/w":                     "2026-04-06T00:00:00Z",
		"now+2M/M":                      "2026-05-01T00:00:00Z",
		"now+1y/y":                      "2027-01-01T00:00:00Z",
	} {
		got, err := tokens.ParseExpiry(text, now)
		if want == "" {
			want = "0001-01-01T00:00:00Z"
			if err == nil {
				t.Errorf("%s: no error", text)
			}
		} else if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s = %s, want %s", text, got.Format(time.RFC3339Nano), want)
		}
	}
}

func TestParseExpiryRefuses(t *testing.T) {
	past, grammar := "must be in the future", "An expiration date is written as"
	for text, want := range map[string]string{
		"now": past, "now/d": past, "now-1d": past, "now+0d": past, "now+1h/M": past, "1774964730122": past, "1774964730123": past,
		"2026-03-31T13:45:30.123Z": past, "0": past,
		"": grammar, "never": grammar, "now+": grammar, "now+d": grammar, "now+1": grammar, "now+1s": grammar, "now+1D": grammar,
		"now+1.5d": grammar, "now+-1d": grammar, "now++1d": grammar, "now 1d": grammar, "now+1d/": grammar, "now+1d/x": grammar,
		"now+1d/dd": grammar, "now+1d/d/d": grammar, "now+1d+1d": grammar, "now+1234567d": grammar, "now+9999y": grammar,
		"NOW+1d": grammar, " now+1d": grammar, "now+1d ": grammar, "2027-01-25": grammar, "2027-02-30T00:00": grammar,
		"2027-01-25T05:57:01,123Z": grammar, "2027-01-25T24:00": grammar, "2027-01-25t05:57z": grammar, "+1800000000000": grammar,
		"-1800000000000": grammar, "1800000000000000": grammar, "999999999999999": grammar, "1e15": grammar,
		strings.Repeat("1", 1000): grammar,
	} {
		_, err := tokens.ParseExpiry(text, now)
		if err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

// Property: whatever is accepted lies in the future, in UTC, to the millisecond; and aligning never prolongs.
func TestParseExpiryProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(0, 4_000_000_000_000).Draw(t, "now"))
		step := rapid.StringMatching(`now\+[0-9]{1,3}[mhdwMy]`).Draw(t, "step")
		unit := rapid.SampledFrom([]string{"", "/m", "/h", "/d", "/w", "/M", "/y"}).Draw(t, "unit")
		expires, err := tokens.ParseExpiry(step+unit, at)
		if err != nil {
			return
		}
		plain, err := tokens.ParseExpiry(step, at)
		if err != nil || expires.After(plain) || !expires.After(at) || expires.Location() != time.UTC || expires.Nanosecond()%1e6 != 0 {
			t.Fatalf("%s%s at %v is %v, without alignment %v (%v)", step, unit, at, expires, plain, err)
		}
	})
}
