package tokenapi

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

func TestParseSelector(t *testing.T) {
	for text, want := range map[string]selector{
		"":                                   {},
		`owner("alice")`:                     {owner: "alice"},
		`owner("a~"b~~c,)(")`:                {owner: `a"b~c,)(`},
		`personalAccessToken(true)`:          {personal: tokens.Only},
		`personalAccessToken(false)`:         {personal: tokens.Without},
		`scope("b","a","b")`:                 {scopes: []string{"a", "b"}},
		` owner ( "é" ) , scope( "a" , "b")`: {owner: "é", scopes: []string{"a", "b"}},
		`scope("a"),personalAccessToken(true),owner("x")`: {owner: "x", personal: tokens.Only, scopes: []string{"a"}},
		`enabled(true)`:              {enabled: tokens.Only},
		`enabled( false )`:           {enabled: tokens.Without},
		`name("CI %_~"")`:            {name: `CI %_"`},
		` name ("é"),enabled(false)`: {name: "é", enabled: tokens.Without},
		`enabled(true),personalAccessToken(false),name("b"),owner("a")`: {
			owner: "a", personal: tokens.Without, enabled: tokens.Only, name: "b",
		},
	} {
		got, err := parseSelector(text)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(selector{})); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

// TestParseSelectorRefuses holds the parser to the place of each mistake, in characters from 1.
func TestParseSelectorRefuses(t *testing.T) {
	for text, want := range map[string]int{
		`title("a")`:          1,
		`Name("a")`:           1,
		`name(a)`:             6,
		`name("a","b")`:       6,
		`name("")`:            7,
		`name("a"),name("b")`: 11,
		`name("` + strings.Repeat("a", 1999) + `")`: 1,
		`enabled("true")`:                           9,
		`enabled(yes)`:                              9,
		`enabled(TRUE)`:                             9,
		`enabled(true,false)`:                       9,
		`enabled()`:                                 9,
		`enabled(true),enabled(true)`:               15,
		`Owner("a")`:                                1,
		`owner(a)`:                                  7,
		`owner("a","b")`:                            7,
		`owner("")`:                                 8,
		`owner("é"),owner("b")`:                     12,
		`personalAccessToken("true")`:               21,
		`personalAccessToken(yes)`:                  21,
		`personalAccessToken(true,false)`:           21,
		`scope(a)`:                                  7,
		`scope("a","b c")`:                          11,
		`scope("a"),scope("b")`:                     12,
		`scope("` + strings.Repeat("a", 129) + `")`: 7,
		`owner("a"),`:                               12,
		`owner("a`:                                  9,
	} {
		s, err := parseSelector(text)
		wrong, ok := errors.AsType[*rest.SyntaxError](err)
		if !ok || wrong.At != want {
			t.Errorf("%.40s = %v, %v; want an error at %d", text, s, err, want)
		}
	}
}

func TestParseFields(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "id,name,enabled,owner,creationDate",
		"+scopes":               "id,name,enabled,owner,creationDate,scopes",
		" scopes, modifiedDate": "id,name,enabled,owner,creationDate,modifiedDate,scopes", // plus signs that nobody escaped
		"-owner,-enabled":       "id,name,creationDate",
		"-id":                   "id,name,enabled,owner,creationDate",
		"scopes":                "id,scopes",
		"scopes,name":           "id,name,scopes",
		"scopes,+name":          "id,name,scopes",
		"+name,scopes":          "id,name,scopes",
		"+name,-name,scopes":    "id,scopes",
		"name,scopes,-name":     "id,scopes",
		"+owner,-owner,+owner":  "id,name,enabled,owner,creationDate",
		"additionalMetadata":    "id,additionalMetadata",
		"-owner,+staff":         "id,name,enabled,creationDate,staff",
	} {
		got, err := parseFields(text)
		if got.String() != want || err != nil {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]int{"nothing": 1, "name,": 6, "name,,owner": 6, "++name": 1, "name,+-owner": 6, "Name": 1, "+": 1, "name,  owner": 6} {
		got, err := parseFields(text)
		if wrong, ok := errors.AsType[*rest.SyntaxError](err); !ok || wrong.At != want {
			t.Errorf("%q: %s, %v; want an error at %d", text, got, err, want)
		}
	}
}

func TestParseOrder(t *testing.T) {
	for text, want := range map[string]order{
		"":                {tokens.SortCreated, true},
		"name":            {tokens.SortName, false},
		"+lastUsedDate":   {tokens.SortLastUsed, false},
		" expirationDate": {tokens.SortExpires, false},
		"-modifiedDate":   {tokens.SortModified, true},
		"-creationDate":   {tokens.SortCreated, true},
	} {
		got, err := parseOrder(text)
		if got != want || err != nil {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
		if again, err := parseOrder(got.String()); again != got || err != nil {
			t.Errorf("%q is printed as %q", text, got)
		}
	}
	for _, text := range []string{"id", "Name", "--name", "+-name", "name,owner", "-", "name "} {
		if got, err := parseOrder(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzSelector: what is read is printed in a form that reads the same, is short enough for a page key, and a mistake is
// somewhere in the text.
func FuzzSelector(f *testing.F) {
	for _, seed := range []string{
		`owner("alice"),personalAccessToken(true),scope("a.read","b")`, `owner("~"~~")`, `name("~"é"),enabled(false)`, `enabled(true)`, `name(`, `scope(`, `owner("a~`, ` , `, "owner(\"\x00\")",
		`owner("` + strings.Repeat("<", 1900) + `")`, `owner("` + strings.Repeat("\u2028", 600) + `")`, `personalAccessToken(`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSelector(text)
		if err != nil {
			if wrong, ok := errors.AsType[*rest.SyntaxError](err); !ok || wrong.At < 1 || wrong.At > len([]rune(text))+1 {
				t.Fatalf("the mistake in %q: %v", text, err)
			}
			return
		}
		again, err := parseSelector(s.String())
		if diff := cmp.Diff(s, again, cmp.AllowUnexported(selector{})); diff != "" || err != nil {
			t.Fatalf("%q is printed as %q, which reads differently, %v:\n%s", text, s, err, diff)
		}
		roundTrip(t, listing{selector: s, fields: allFields, order: order{tokens.SortName, true}})
	})
}

func FuzzFields(f *testing.F) {
	for _, seed := range []string{"", "+scopes,-owner", "name,id", " scopes", "name,,", "+-", "\xff", "-id,-name"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := parseFields(text)
		if err != nil {
			if wrong, ok := errors.AsType[*rest.SyntaxError](err); !ok || wrong.At < 1 || wrong.At > len(text)+1 {
				t.Fatalf("the mistake in %q: %v", text, err)
			}
			return
		}
		if again, err := parseFields(set.String()); again != set || err != nil || set&fieldID == 0 {
			t.Fatalf("%q is printed as %q, which reads as %q, %v", text, set, again, err)
		}
	})
}

// roundTrip writes a listing into a page key after the worst of tokens, and reads it back.
func roundTrip(t *testing.T, l listing) {
	t.Helper()
	whole := frame{time.UnixMilli(0).UTC(), time.UnixMilli(maxMillis).UTC()}
	l.pageSize, l.total, l.used, l.expires = maxPage, 1_000_000, whole, whole
	last := tokens.Record{ID: "dt0c01.AAAAAAAAAAAAAAAAAAAAAAAA", Name: strings.Repeat(`\`, 100)}
	key, err := l.key(last)
	if err != nil {
		t.Fatalf("no page key for %q: %v", l.selector, err)
	}
	got, err := listingAt(key)
	l.after = tokens.PositionOf(last, l.order.by)
	if diff := cmp.Diff(l, got, cmp.AllowUnexported(listing{}, selector{}, order{}, frame{})); diff != "" || err != nil {
		t.Fatalf("back from the page key, %v (-want +got):\n%s", err, diff)
	}
}

func TestPreferred(t *testing.T) {
	for accept, want := range map[string]string{
		"":                               "application/json",
		"*/*":                            "application/json",
		"text/plain":                     "text/plain",
		"text/csv":                       "text/csv",
		"text/*":                         "text/plain",
		"TEXT/CSV":                       "text/csv",
		"text/csv, text/plain":           "text/plain",
		"text/csv, text/plain;q=0.5":     "text/csv",
		"text/plain;q=0.1, */*;q=0.2":    "application/json",
		"text/plain, */*;q=0.1":          "text/plain",
		"text/*;q=0.9, text/plain;q=0":   "text/csv",
		"image/png":                      "application/json",
		"text/plain;q=7, text/csv":       "text/plain",
		"text/plain;q=x, text/csv;q=0.9": "text/plain",
		";;, text/csv":                   "text/csv",
		"text/csv;q=0":                   "application/json",
	} {
		if got := preferred([]string{accept}, "application/json", "text/plain", "text/csv"); got != want {
			t.Errorf("%q: %s, want %s", accept, got, want)
		}
	}
	if got := preferred([]string{"text/csv;q=0.2", "text/plain;q=0.3"}, "application/json", "text/plain", "text/csv"); got != "text/plain" {
		t.Errorf("of two header fields: %s", got)
	}
}

// TestActor: the audit trail names the token, and for a JWT the user, since its identifier is on no administrator's list.
func TestActor(t *testing.T) {
	for want, caller := range map[string]rest.Caller{
		"dt0c01.A": {TokenID: "dt0c01.A", User: "alice", Kind: "dt0c01"},
		"alice":    {TokenID: "jti", User: "alice", Kind: "jwt"},
		"jti":      {TokenID: "jti", Kind: "jwt"},
		"bob":      {User: "bob"},
	} {
		if got := actor(caller); got != want {
			t.Errorf("%+v acts as %q, want %q", caller, got, want)
		}
	}
}
