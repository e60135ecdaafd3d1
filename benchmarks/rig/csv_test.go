package rig_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/benchmarks/rig"
)

// What is written is what is read.
func TestCSVRoundTrip(t *testing.T) {
	fact := rapid.StringMatching(`[^:\r\n]*[^:\r\n\s][^:\r\n]*`)
	value := rapid.StringMatching(`[^\r\n]*`)
	word := rapid.StringMatching(`[^\r]*`) // a CSV reader makes a line feed of \r\n
	rapid.Check(t, func(t *rapid.T) {
		about := rig.About(rapid.MapOfN(fact, value, 0, 4).Draw(t, "about"))
		samples := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rig.Sample {
			return rig.Sample{
				Case: word.Draw(t, "case"), Measure: word.Draw(t, "measure"), Round: rapid.Int().Draw(t, "round"),
				Value: rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).Draw(t, "value"), Unit: word.Draw(t, "unit"),
			}
		}), 0, 5).Draw(t, "samples")
		var text bytes.Buffer
		if err := rig.WriteCSV(&text, about, samples); err != nil {
			t.Fatal(err)
		}
		gotAbout, gotSamples, err := rig.ReadCSV(&text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(about, gotAbout) + cmp.Diff(samples, gotSamples, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A fact that breaks out of its line would become another fact, or a sample.
func TestWriteCSVRefuses(t *testing.T) {
	for _, about := range []rig.About{{"a\nb": "c"}, {"a:b": "c"}, {"": "c"}, {"a": "b\nc"}, {"a": "b\rc"}} {
		if err := rig.WriteCSV(new(bytes.Buffer), about, nil); err == nil {
			t.Errorf("%q was written", about)
		}
	}
}

func TestReadCSVBroken(t *testing.T) {
	const header = "case,measure,round,value,unit\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty":           {"", "first line of the table"},
		"facts alone":     {"# date: 2026-11-22\n", "first line of the table"},
		"half a fact":     {"# date", "facts without a table"},
		"no value":        {"# date\n" + header, `fact "# date" lacks its value`},
		"other columns":   {"case,measure,round,unit,value\n", "columns are"},
		"too few columns": {header + "a,b,1,2\n", "wrong number of fields"},
		"round":           {header + "a,b,first,2,s\n", `sample 1: round "first" is no number`},
		"value":           {header + "a,b,1,2,s\na,b,1,fast,s\n", `sample 2: value "fast" is no number`},
		"infinite":        {header + "a,b,1,+Inf,s\n", `value "+Inf" is no number`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := rig.ReadCSV(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}
