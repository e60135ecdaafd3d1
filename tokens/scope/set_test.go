package scope

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSet(t *testing.T) {
	s := NewSet("orders.write", "", "orders.read", "orders.write")
	if diff := cmp.Diff([]string{"orders.read", "orders.write"}, s.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
	if s.String() != "orders.read orders.write" || s.Len() != 2 {
		t.Errorf("String = %q, Len = %d", s, s.Len())
	}
	var empty Set
	if empty.Contains("") || empty.ContainsAny([]string{""}) || s.ContainsAny(nil) {
		t.Error("nothing is contained in something")
	}
}

// Attack: a holder of one scope calls for another whose name contains, extends or differs in case from it.
// Invariant: only the exact name is held; write does not imply read.
func TestSetHoldsExactNamesOnly(t *testing.T) {
	s := NewSet("metrics.write", "settings.read")
	for _, name := range []string{"metrics.read", "metrics", "metrics.write2", "Metrics.write", "metrics.*", "*", "metrics.write settings.read"} {
		if s.Contains(name) {
			t.Errorf("holds %q", name)
		}
	}
}

func TestSetIsImmutable(t *testing.T) {
	names := []string{"b", "a"}
	s := NewSet(names...)
	names[0] = "c"
	s.Names()[0] = "c"
	if s.Contains("c") || !s.Equal(NewSet("a", "b")) || names[1] != "a" {
		t.Errorf("the set became %q", s)
	}
}

// Property: membership agrees with the list the set was made of, and the text splits into the names again.
func TestSetAgreesWithItsNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(rapid.StringMatching(`[a-c]{1,2}(\.[a-c])?`)).Draw(t, "names")
		asked := rapid.SliceOf(rapid.StringMatching(`[a-c]{1,2}(\.[a-c])?`)).Draw(t, "asked")
		s := NewSet(names...)
		for _, name := range asked {
			if s.Contains(name) != slices.Contains(names, name) {
				t.Fatalf("Contains(%q) = %v for %q", name, s.Contains(name), names)
			}
		}
		want := slices.ContainsFunc(asked, func(name string) bool { return slices.Contains(names, name) })
		if s.ContainsAny(asked) != want || !NewSet(strings.Fields(s.String())...).Equal(s) {
			t.Fatalf("set %q of %q", s, names)
		}
	})
}

func TestContainsAnyDoesNotAllocate(t *testing.T) {
	s, asked := NewSet("a.read", "b.read", "c.read"), []string{"x.read", "c.read"}
	if n := testing.AllocsPerRun(100, func() { s.ContainsAny(asked) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
