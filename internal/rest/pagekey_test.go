package rest_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/rest"
)

// place is where a listing goes on, as an operation says it.
type place struct {
	Filter string `json:"f,omitempty"`
	After  int64  `json:"a"`
	Size   *int   `json:"s,omitempty"`
}

// TestPageKey: a key is one word of a query that needs no escaping, and says what was put into it.
func TestPageKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := place{Filter: rapid.StringN(0, 300, 1000).Draw(t, "filter"), After: rapid.Int64().Draw(t, "after")}
		key, err := rest.PageKey(want)
		if err != nil || url.QueryEscape(key) != key {
			t.Fatalf("%q, %v", key, err)
		}
		var got place
		if err := rest.ReadPageKey(key, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// TestPageKeyOfLongFilter: the longest filter there can be, and the one that JSON makes the most of, fits a page key.
func TestPageKeyOfLongFilter(t *testing.T) {
	for _, value := range []string{"<", `~"`, `\`, "\u2028", "a"} {
		filter := `user("` + strings.Repeat(value, (rest.MaxCriteria-8)/len(value)) + `")`
		if _, err := rest.ParseCriteria(filter); err != nil {
			t.Fatal(err)
		}
		key, err := rest.PageKey(place{Filter: filter, After: -1 << 62})
		if err != nil || rest.ReadPageKey(key, &place{}) != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
	if _, err := rest.PageKey(place{Filter: strings.Repeat("a", 10_000)}); rest.Of(err).Status != 400 {
		t.Errorf("a place that no key has room for: %v", err)
	}
	if _, err := rest.PageKey(func() {}); rest.Of(err).Status != 500 {
		t.Errorf("a place that is none: %v", err)
	}
}

// Attack: a page key is opaque, not secret: clients change it, cut it, or send that of another listing. Fix: it is decoded
// strictly and then checked like a query. Invariant: a bad key is 400 naming nextPageKey, never a panic and never 500.
func TestReadPageKeyRefuses(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	for name, key := range map[string]string{
		"empty": "", "no base64": "a.b", "padded": base64.URLEncoding.EncodeToString([]byte(`{"a":11}`)), "other alphabet": "-_+/", "line feed": encode([]byte(`{"a":1}`)) + "\n",
		"no JSON": encode([]byte("x")), "a list": encode([]byte("[]")), "a text": encode([]byte(`"x"`)), "wrong type": encode([]byte(`{"a":"1"}`)),
		"too large a number": encode([]byte(`{"a":1e30}`)), "two values": encode([]byte(`{}{}`)), "half": encode([]byte(`{"a":1`)),
		"bits left over": "e31", "long": strings.Repeat("A", 9000), "deep": encode([]byte(strings.Repeat("[", 6000))),
	} {
		err := rest.ReadPageKey(key, &place{})
		e, ok := errors.AsType[*rest.Error](err)
		if !ok || e.Status != 400 || e.Violations[0].Path != "nextPageKey" || strings.Contains(e.Violations[0].Message, "json") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
