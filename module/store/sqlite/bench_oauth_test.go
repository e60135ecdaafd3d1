package sqlite

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
)

// fillOAuth adds clients, and as many revocations as there can be of single tokens.
func fillOAuth(b *testing.B, s *Store, clients, revocations int) {
	b.Helper()
	for n := range clients {
		id := fmt.Sprintf("dt0s02.%024d", n)
		c := oauth2.Client{
			ID: id, Digest: tokens.DigestOf(id), OldDigest: tokens.DigestOf("old"), OldUntil: time.UnixMilli(9), Name: "ci", Owner: "ann@example.org",
			Account: fmt.Sprint("acc-", n%10), Scopes: []string{"account-idm-read", "iam:policies:read"}, Enabled: true, Created: time.UnixMilli(1),
		}
		if err := s.CreateClient(b.Context(), c, clients, benchEvent(id)); err != nil {
			b.Fatal(err)
		}
	}
	_, err := s.writer.ExecContext(b.Context(), `INSERT INTO revocations WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		SELECT hex(randomblob(16)), ?, 1000 + i FROM n`, revocations, -math.MaxInt64)
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkClient is what every request at the token endpoint costs the store.
func BenchmarkClient(b *testing.B) {
	s := openNew(b)
	fillOAuth(b, s, 500, 1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.Client(b.Context(), fmt.Sprintf("dt0s02.%024d", i%500)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRevocations is a page of what every gateway reads each minute, and all of it.
func BenchmarkRevocations(b *testing.B) {
	s := openNew(b)
	fillOAuth(b, s, 1, oauth2.MaxRevocations)
	read := func(b *testing.B, pages int) (all int) {
		b.Helper()
		after := ""
		for range pages {
			page, err := s.Revocations(b.Context(), time.UnixMilli(5), after, 0)
			if err != nil {
				b.Fatal(err)
			}
			if all += len(page); len(page) < oauth2.MaxPage {
				break
			}
			after = page[len(page)-1].ID
		}
		return all
	}
	for name, pages := range map[string]int{"page": 1, "all": oauth2.MaxRevocations/oauth2.MaxPage + 1} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got, want := read(b, pages), min(pages*oauth2.MaxPage, oauth2.MaxRevocations); got != want {
					b.Fatalf("%d revocations, want %d", got, want)
				}
			}
		})
	}
}
