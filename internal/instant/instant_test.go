package instant_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/instant"
)

// now of the tests is a Tuesday.
var now = time.Date(2026, time.March, 31, 13, 45, 30, 123_456_789, time.UTC)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"2027-01-25T05:57:01.123+01:00": "2027-01-25T04:57:01.123Z",
		"2027-01-25 05:57:01.123+01:00": "2027-01-25T04:57:01.123Z",
		"2027-01-25T05:57:01":           "2027-01-25T05:57:01Z",
		"2027-01-25T05:57":              "2027-01-25T05:57:00Z",
		"2027-01-25 05:57-03:30":        "2027-01-25T09:27:00Z",
		"2027-01-25T05:57:01.123999":    "2027-01-25T05:57:01.123Z",
		"1800000000000":                 "2027-01-15T08:00:00Z",
		"0":                             "1970-01-01T00:00:00Z",
		"now":                           "2026-03-31T13:45:30.123Z",
		"now/d":                         "2026-03-31T00:00:00Z",
		"now+90m":                       "2026-03-31T15:15:30.123Z",
		"now-2h":                        "2026-03-31T11:45:30.123Z",
		"now-2w":                        "2026-03-17T13:45:30.123Z",
		"now-1M":                        "2026-02-28T13:45:30.123Z", // February has no 31st
		"now+1M":                        "2026-04-30T13:45:30.123Z",
		"now-1y":                        "2025-03-31T13:45:30.123Z",
		"now+1h/m":                      "2026-03-31T14:45:00Z",
		"now+2h/h":                      "2026-03-31T15:00:00Z",
		"now-1d/d":                      "2026-03-30T00:00:00Z",
		"now/w":                         "2026-03-30T00:00:00Z",
		"now+5d/w":                      "2026-03-30T00:00:00Z", // a Sunday: its week began on the Monday before
		"now+2M/M":                      "2026-05-01T00:00:00Z",
		"now-1y/y":                      "2025-01-01T00:00:00Z",
	} {
		got, ok := instant.Parse(text, now)
		if !ok || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s = %s, %v; want %s", text, got.Format(time.RFC3339Nano), ok, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "never", "now+", "now-", "now+d", "now+1", "now+1s", "now+1D", "now+1.5d", "now+-1d", "now++1d", "now 1d", "now+1d/", "now+1d/x",
		"now+1d/dd", "now+1d/d/d", "now+1d+1d", "now+1234567d", "now+9999y", "now-9999y", "NOW+1d", " now", "now ", "2027-01-25", "2027-02-30T00:00",
		"2027-01-25T05:57:01,123Z", "2027-01-25T24:00", "2027-01-25t05:57z", "+1800000000000", "-1800000000000", "1800000000000000",
		"999999999999999", "1e15", "0000-01-01T00:00", "now\x00", "١٨٠٠", strings.Repeat("1", 1000),
	} {
		if got, ok := instant.Parse(text, now); ok || !got.IsZero() {
			t.Errorf("%.40q: %v, %v", text, got, ok)
		}
	}
}

// TestAligned: aligning never leads forward, and what is given back can be written as JSON.
func TestAligned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.UnixMilli(rapid.Int64Range(0, 4_000_000_000_000).Draw(t, "now"))
		step := rapid.StringMatching(`now[+-][0-9]{1,3}[mhdwMy]`).Draw(t, "step")
		unit := rapid.SampledFrom([]string{"/m", "/h", "/d", "/w", "/M", "/y"}).Draw(t, "unit")
		plain, ok1 := instant.Parse(step, now)
		aligned, ok2 := instant.Parse(step+unit, now)
		if !ok1 || !ok2 || aligned.After(plain) || aligned.Location() != time.UTC || aligned.Nanosecond() != 0 {
			t.Fatalf("%s%s at %v is %v, without alignment %v", step, unit, now, aligned, plain)
		}
		if _, err := plain.MarshalJSON(); err != nil {
			t.Fatal(err)
		}
	})
}
