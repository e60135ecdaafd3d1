package edit_test

import (
	"testing"

	"github.com/doorward/doorward/internal/edit"
)

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "aXc", 1}, {"abc", "ac", 1},
		{"metrics", "metrcis", 1}, {"object", "objects", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"A", "a", 1},
	}
	for _, test := range tests {
		if got := edit.Distance(test.a, test.b); got != test.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
		if got := edit.Distance(test.b, test.a); got != test.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", test.b, test.a, got, test.want)
		}
	}
}
