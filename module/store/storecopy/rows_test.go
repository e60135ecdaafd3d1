package storecopy

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// value draws what a row can have in a column.
func value(t *rapid.T, name string) any {
	switch rapid.IntRange(0, 3).Draw(t, name) {
	case 0:
		return rapid.Int64().Draw(t, name)
	case 1:
		return string(rapid.SliceOf(rapid.Byte()).Draw(t, name)) // also what is no UTF-8
	case 2:
		return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, name)
	}
	return nil
}

// The place in a table is noted and read back as it was, whatever the key; what is no note is refused and does not begin at the
// beginning.
func TestNoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var key row
		for range rapid.IntRange(1, 4).Draw(t, "columns") {
			if v := value(t, "value"); v != nil { // keys are never NULL
				key = append(key, v)
			}
		}
		got, err := readNoted(noted(key))
		if diff := cmp.Diff(key, got); err != nil || diff != "" {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
	})
	for _, bad := range []string{"", "nx", "t0", "tzz"} {
		if key, err := readNoted([]string{bad}); err == nil {
			t.Errorf("%q is read as %v", bad, key)
		}
	}
}

// The accidents: a value goes from one column to the next, a NULL becomes an empty text, a row is left out or there twice. The
// invariant: the digest is another one. The order of rows is of no matter.
func TestDigest(t *testing.T) {
	sum := func(rows ...row) (d Digest) {
		for _, r := range rows {
			d.add(r)
		}
		return d
	}
	a, b := row{"ab", "c", nil, int64(1)}, row{"x", "y", []byte("z"), int64(0)}
	if sum(a, b) != sum(b, a) {
		t.Error("the order counts")
	}
	seen := map[Digest]string{}
	for name, d := range map[string]Digest{
		"none": sum(), "one": sum(a), "both": sum(a, b), "twice": sum(a, b, b), "moved": sum(row{"a", "bc", nil, int64(1)}),
		"empty": sum(row{"ab", "c", "", int64(1)}), "bytes": sum(row{"ab", "c", []byte{}, int64(1)}), "text of a number": sum(row{"ab", "c", nil, "1"}),
		"another": sum(row{"ab", "c", nil, int64(2)}),
	} {
		if other, ok := seen[d]; ok {
			t.Errorf("%s has the digest of %s", name, other)
		}
		if seen[d] = name; len(d.String()) != 64 {
			t.Errorf("%s: %s", name, d)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		r := row{value(t, "a"), value(t, "b")}
		other := row{value(t, "c"), value(t, "d")}
		if cmp.Diff(r, other) != "" && slices.Equal(encoded(r), encoded(other)) {
			t.Fatalf("%q and %q are encoded alike", r, other)
		}
	})
}

// Stores that do not keep the same are never copied: what only one of them knows would be lost.
func TestCompare(t *testing.T) {
	of := func(name string, columns ...column) table { return table{name, columns} }
	id, text := column{name: "id", key: 1}, column{name: "text"}
	one := []table{of("a", id, text), of("b", id)}
	if err := compare(one, []table{of("b", id), of("a", id, text)}); err != nil {
		t.Errorf("in another order: %v", err)
	}
	for name, other := range map[string][]table{
		"a table more":    append(slices.Clone(one), of("c", id)),
		"a table less":    one[:1],
		"a column more":   {of("a", id, text, column{name: "more"}), one[1]},
		"a column less":   {of("a", id), one[1]},
		"another key":     {of("a", id, column{name: "text", key: 2}), one[1]},
		"another's place": {of("a", column{name: "id"}, text), one[1]},
	} {
		if err := compare(one, other); err == nil || !strings.Contains(err.Error(), "another Doorward") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Tables come after those that they refer to, and a circle is found.
func TestInOrder(t *testing.T) {
	tables := func() map[string]*table {
		all := map[string]*table{}
		for _, name := range []string{"a", "b", "c", "d"} {
			all[name] = &table{name: name}
		}
		return all
	}
	got, err := inOrder(tables(), map[string][]string{"a": {"c", "a"}, "c": {"d", "elsewhere"}})
	var names []string
	for _, table := range got {
		names = append(names, table.name)
	}
	if diff := cmp.Diff([]string{"b", "d", "c", "a"}, names); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := inOrder(tables(), map[string][]string{"a": {"c"}, "c": {"a"}}); err == nil {
		t.Error("a circle has an order")
	}
}
