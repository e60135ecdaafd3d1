package rest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/rest"
)

func TestParseCriteria(t *testing.T) {
	got, err := rest.ParseCriteria(` owner ( "a~"b~~,c" , "é" ),personalAccessToken(true), dt.settings.schema_id("x")`)
	want := []rest.Criterion{
		{Name: "owner", At: 2, Values: []rest.Value{{Text: `a"b~,c`, At: 10}, {Text: "é", At: 23}}},
		{Name: "personalAccessToken", At: 29, Values: []rest.Value{{Text: "true", Bare: true, At: 49}}},
		{Name: "dt.settings.schema_id", At: 56, Values: []rest.Value{{Text: "x", At: 78}}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, empty := range []string{"", "   "} {
		if got, err := rest.ParseCriteria(empty); got != nil || err != nil {
			t.Errorf("%q: %v, %v", empty, got, err)
		}
	}
}

func TestParseCriteriaRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`user`:               "At character 5: expected ( after the name of the criterion",
		`user "a"`:           "At character 6: expected ( after the name of the criterion",
		`("a")`:              "At character 1: expected the name of a criterion",
		`,user("a")`:         "At character 1: expected the name of a criterion",
		`é("a")`:             "At character 1: expected the name of a criterion",
		`user(`:              "At character 6: expected a value in quotes",
		`user()`:             "At character 6: expected a value in quotes",
		`user(,"a")`:         "At character 6: expected a value in quotes",
		`user("a",)`:         "At character 10: expected a value in quotes",
		`user('a')`:          "At character 6: expected a value in quotes",
		`user(7)`:            "At character 6: expected a value in quotes",
		`user("")`:           "At character 7: expected a value that is not empty",
		`user("a`:            "At character 8: expected a quote at the end of the value",
		`user("a~")`:         "At character 11: expected a quote at the end of the value",
		`user("é~x")`:        "At character 8: expected ~~ or ~\" where a value has a ~",
		`user("a~`:           "At character 8: expected ~~ or ~\" where a value has a ~",
		"user(\"a\nb\")":     "At character 8: expected no control character in a value",
		"user(\"a\x00b\")":   "At character 8: expected no control character in a value",
		`user("a"`:           "At character 9: expected a comma or ) after the value",
		`user("a" "b")`:      "At character 10: expected a comma or ) after the value",
		`user("a")user("a")`: "At character 10: expected a comma or the end",
		`user("a"))`:         "At character 10: expected a comma or the end",
		`user("a"),`:         "At character 11: expected the name of a criterion",
		"user(\"a\")\x00":    "At character 10: expected a comma or the end",
		"user(\"\xff\")":     "At character 1: expected UTF-8 text of at most 2000 bytes",
		`user("` + strings.Repeat("a", 2000) + `")`: "At character 1: expected UTF-8 text of at most 2000 bytes",
	} {
		got, err := rest.ParseCriteria(text)
		if _, ok := errors.AsType[*rest.SyntaxError](err); !ok || err.Error() != want || got != nil {
			t.Errorf("%.40q: %v, %v; want %s", text, got, err, want)
		}
	}
}

// ignorePlaces compares criteria by what they say.
func ignorePlaces() cmp.Option {
	return cmp.Options{cmpopts.IgnoreFields(rest.Criterion{}, "At"), cmpopts.IgnoreFields(rest.Value{}, "At")}
}

// TestPrintCriteria: what is printed reads back as itself, whatever its values are.
func TestPrintCriteria(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) rest.Value {
		if rapid.Bool().Draw(t, "bare") {
			return rest.Value{Text: rapid.StringMatching(`[A-Za-z]{1,8}`).Draw(t, "word"), Bare: true}
		}
		return rest.Value{Text: rapid.StringMatching(`[ -~é🙂]{1,12}`).Draw(t, "text")}
	})
	criterion := rapid.Custom(func(t *rapid.T) rest.Criterion {
		return rest.Criterion{
			Name: rapid.StringMatching(`[A-Za-z0-9._]{1,12}`).Draw(t, "name"), Values: rapid.SliceOfN(value, 1, 3).Draw(t, "values"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(criterion, 1, 4).Draw(t, "criteria")
		text := rest.PrintCriteria(want)
		got, err := rest.ParseCriteria(text)
		if diff := cmp.Diff(want, got, ignorePlaces()); diff != "" || err != nil {
			t.Fatalf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	})
}

// FuzzParseCriteria: no text makes the parser panic or last long, an error is about a place in the text, and what is
// accepted prints as a text that means the same and prints as itself.
func FuzzParseCriteria(f *testing.F) {
	for _, seed := range []string{
		``, ` `, `user("a")`, `user("a","b"),category("TOKEN")`, `personalAccessToken(true)`, `a("~~~"")`, `a("~`, `a(b`, `a((((`, `,`, "a(\"\x00\")", `a("é")`, "\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := rest.ParseCriteria(text)
		if err != nil {
			e, ok := errors.AsType[*rest.SyntaxError](err)
			if !ok || e.At < 1 || e.At > len([]rune(text))+1 || len(e.Message) > 80 {
				t.Fatalf("%#v", err)
			}
			return
		}
		printed := rest.PrintCriteria(first)
		if len(printed) > rest.MaxCriteria {
			return
		}
		second, err := rest.ParseCriteria(printed)
		if diff := cmp.Diff(first, second, ignorePlaces()); diff != "" || err != nil {
			t.Fatalf("%s: %v (-first +second):\n%s", printed, err, diff)
		}
		if again := rest.PrintCriteria(second); again != printed {
			t.Fatalf("printed twice:\n%s\n%s", printed, again)
		}
	})
}
