package module

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Invariant: the names of a query are those that splitting and decoding it with the standard library gives, and what that cannot
// decode is an error.
func TestQueryNames_Reference(t *testing.T) {
	reference := func(query string) (names []string, ok bool) {
		for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
			name, _, _ := strings.Cut(pair, "=")
			name, err := url.QueryUnescape(name)
			if err != nil {
				return names, false
			}
			names = append(names, name)
		}
		return names, true
	}
	query := rapid.StringOf(rapid.SampledFrom([]rune("ab=&;%+2fé\x00")))
	rapid.Check(t, func(t *rapid.T) {
		q := query.Draw(t, "query")
		var got []string
		err := queryNames(q, func(name string) bool {
			got = append(got, name)
			return true
		})
		want, ok := reference(q)
		if diff := cmp.Diff(want, got); diff != "" || (err == nil) != ok {
			t.Fatalf("%q: error %v, names (-want +got)\n%s", q, err, diff)
		}
		if len(got) == 0 {
			return
		}
		var first []string
		_ = queryNames(q, func(name string) bool {
			first = append(first, name)
			return false
		})
		if !slices.Equal(first, got[:1]) {
			t.Fatalf("%q: %q after the first was enough", q, first)
		}
	})
}
