// Package feedtest has what the contract suites of stores ask of a feed.
package feedtest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/feed"
)

// WantChanges compares the whole feed of a store, up to 1,000 changes: kinds and identifiers, with one revision each, from 1 on.
func WantChanges(t *testing.T, s feed.Source, want ...feed.Change) {
	t.Helper()
	got, gap, err := s.ChangesAfter(t.Context(), 0, 1000)
	if err != nil || gap {
		t.Fatal(gap, err)
	}
	for i := range want {
		want[i].Revision = int64(i) + 1
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
