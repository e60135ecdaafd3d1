package benchmarks

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/doorward/doorward/benchmarks/fill"
)

// BenchmarkLookUp is one token in SQLite, by how many there are. The two are compared with one another by `make bench`: a look-up that
// an index does not answer costs a hundred times as much in the larger store.
func BenchmarkLookUp(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		dsn := "sqlite:" + filepath.Join(b.TempDir(), fmt.Sprint(n, ".db"))
		if err := fill.Store(b.Context(), dsn, fill.Sizes{Tokens: n, Users: 1, Groups: 1, Bindings: 1, Policies: 1}); err != nil {
			b.Fatal(err)
		}
		s := openStore(b, dsn)
		ids := make([]string, 500)
		for i := range ids {
			ids[i] = fill.TokenID(i * n / len(ids))
		}
		b.Run(fmt.Sprint("tokens=", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Token(b.Context(), ids[i%len(ids)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
