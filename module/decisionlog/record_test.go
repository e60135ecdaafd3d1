package decisionlog

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/tokens"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func encoded(r *Record, hide hiding) []byte {
	e := encoder{hide: hide}
	e.record(r)
	return e.line
}

func decoded(t interface{ Fatalf(string, ...any) }, line []byte) Record {
	var r Record
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	return r
}

// filled is a record with a text in every string, key and entry, so that no member can be forgotten in a test.
func filled(text func(member string) string) *Record {
	r := new(Record)
	fill(reflect.ValueOf(r).Elem(), "record", text)
	r.Time, r.Version, r.Cut = noon, Version, false
	return r
}

func fill(v reflect.Value, member string, text func(string) string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text(member))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(len(member)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), member, text)
		fill(v.Index(1), member, text)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		values := reflect.New(v.Type().Elem()).Elem()
		fill(values, member, text)
		v.SetMapIndex(reflect.ValueOf(text(member+" key")), values)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), strings.ToLower(v.Type().Field(i).Name), text)
		}
	}
}

// The format is an interface: tools read these files. Invariant: it changes only where somebody changes the golden file.
func TestFormat(t *testing.T) {
	golden := filepath.Join("testdata", "record.golden.jsonl")
	line := encoded(filled(func(member string) string { return "a " + member }), hiding{})
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, line, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(line)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEveryMemberIsWritten(t *testing.T) {
	want := filled(func(member string) string { return "a " + member })
	if diff := cmp.Diff(*want, decoded(t, encoded(want, hiding{}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	empty := Record{Version: Version, Time: noon, ID: "X"}
	if diff := cmp.Diff(empty, decoded(t, encoded(&empty, hiding{}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Invariant: whatever is within the bounds and shows no secret comes back as it was.
func TestRoundTrip(t *testing.T) {
	text := rapid.StringN(1, 40, maxWord)
	rapid.Check(t, func(t *rapid.T) {
		want := filled(func(member string) string { return text.Draw(t, member) })
		for i := range want.Questions {
			want.Questions[i].Attributes = rapid.MapOfN(text, rapid.SliceOfN(text, 1, 5), 1, 9).Draw(t, "attributes")
		}
		if string(encoded(want, hiding{})) != string(encoded(want, hiding{})) {
			t.Fatal("one record gives two lines")
		}
		got := decoded(t, encoded(want, hiding{}))
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

const (
	secret   = "CANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANARYCANA"
	identity = "dt0c01.ST2EY72KQINMH574WMNVI7YN"
	token    = identity + "." + secret
)

// Attack: a client puts a token where it does not belong, and somebody reads the log. Fix: every string of a record
// goes through one function that masks. Invariant: no secret in any member, glued, encoded or repeated.
func TestNoSecretSurvives(t *testing.T) {
	for name, text := range map[string]string{
		"alone":   token,
		"encoded": strings.ReplaceAll(token, ".", "%2E"),
		"glued":   "x_" + token + "/y?" + token,
		"escapes": "\t" + token + "\n\x1b[0m" + token,
		"custom":  "shop01.A-1." + strings.ToLower(secret),
		"JWT":     "eyJhbGciOiJI.eyJzdWIi." + secret,
	} {
		t.Run(name, func(t *testing.T) {
			line := encoded(filled(func(string) string { return text }), hiding{})
			if strings.Contains(strings.ToUpper(string(line)), "CANARY") {
				t.Errorf("a secret is left in %s", line)
			}
		})
	}
}

// Attack: a token is placed so that the bound of a member cuts its secret to less than what masking recognises; or
// tokens in front shrink under the mask and pull half a token from behind the bound into view. Fix: masking comes first,
// with a margin, and what is left of the margin is never shown. Invariant: no part of a secret, wherever the cut falls.
func TestCutShowsNoPartOfASecret(t *testing.T) {
	for _, limit := range []int{maxWord, maxName, maxText, maxPath} {
		for _, before := range []string{"", token + "/", token + "/" + token + "/" + token + "/"} {
			for pad := range limit + margin + 2*len(token) {
				text := before + strings.Repeat("/", pad) + token + strings.Repeat("/", 2*margin)
				got, _ := clean(text, limit)
				if len(got) > limit || strings.Contains(got, "CANA") {
					t.Fatalf("limit %d, padding %d: %q", limit, pad, got)
				}
			}
		}
	}
}

func TestBounds(t *testing.T) {
	long := filled(func(string) string { return strings.Repeat("\x01é", maxPath) })
	for range 6 { // 128 questions, of 128 reasons each
		long.Questions = append(long.Questions, long.Questions...)
		for i := range long.Questions {
			long.Questions[i].Reasons = append(long.Questions[i].Reasons, long.Questions[i].Reasons...)
		}
	}
	line := encoded(long, hiding{})
	got := decoded(t, line)
	if len(line) > maxLine || !got.Cut || len(got.Path) > maxPath || len(got.Path) < maxPath-3 {
		t.Errorf("%d bytes, cut %v, path %d", len(line), got.Cut, len(got.Path))
	}
	many := Record{ID: "X", Scopes: strings.Split(strings.Repeat("a ", maxEntries), " ")}
	if got := decoded(t, encoded(&many, hiding{})); len(got.Scopes) != maxEntries || !got.Cut {
		t.Errorf("%d scopes, cut %v", len(got.Scopes), got.Cut)
	}
	attributes := make(map[string][]string)
	for i := range maxEntries + 1 {
		attributes[fmt.Sprint(i)] = nil
	}
	wide := Record{ID: "X", Questions: []Question{{Attributes: attributes}}}
	if got := decoded(t, encoded(&wide, hiding{})); len(got.Questions[0].Attributes) != maxEntries || !got.Cut {
		t.Errorf("%d attributes, cut %v", len(got.Questions[0].Attributes), got.Cut)
	}
}

func TestHiddenMembers(t *testing.T) {
	for _, name := range append([]string{"attributes.hide me"}, maskable...) {
		t.Run(name, func(t *testing.T) {
			hide, err := newHiding([]string{name})
			if err != nil {
				t.Fatal(err)
			}
			r := filled(func(member string) string {
				if member == name || strings.HasPrefix(name, "attributes.") && member == "attributes" || strings.ReplaceAll(name, "_", "") == member {
					return "personal"
				}
				return "hide me"
			})
			line := string(encoded(r, hide))
			if strings.Contains(line, "personal") || !strings.Contains(line, hiddenText) {
				t.Errorf("%s shows in %s", name, line)
			}
			decoded(t, []byte(line))
		})
	}
	for _, bad := range []string{"", "id", "reason", "attributes.", "Path"} {
		if _, err := newHiding([]string{bad}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// Attack: line feeds, escape sequences and changes of direction in what a client chose, to forge records or to drive
// the terminal of who reads them. Fix: whatever does not print is escaped. Invariant: one record is one line of printable
// characters and valid JSON, within its bound; a secret is in none, also where escapes and text spell one together.
func FuzzEncode(f *testing.F) {
	for _, seed := range []string{
		"", "a", "\r\n{\"v\":1,\"id\":\"forged\"}\n", "\x1b[2J\x1b]0;owned\a", "\u009b31m", "\u202ereversed", "\u2028", "\xff\xfe\xc0\xaf",
		"\"\\", "😀\U000e0001", token, "\t" + token[4:], "%2e" + token, strings.Repeat(token+"/", 40), "\x7f", "�",
	} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, text string, depth int) {
		r := filled(func(string) string { return text })
		for range depth & 7 {
			r.Questions = append(r.Questions, r.Questions...)
		}
		line := encoded(r, hiding{})
		if len(line) > maxLine || strings.Count(string(line), "\n") != 1 {
			t.Fatalf("%d bytes: %.200q", len(line), line)
		}
		for _, c := range string(line[:len(line)-1]) {
			if !strconv.IsPrint(c) { // another table than the encoder's
				t.Fatalf("%U in %.200q", c, line)
			}
		}
		got := decoded(t, line)
		if again := tokens.Mask(got.Path); again != got.Path {
			t.Fatalf("masking finds a secret in %q", got.Path)
		}
		decoded(t, tokens.MaskBytes(line)) // the pass over whole lines leaves JSON behind
	})
}
