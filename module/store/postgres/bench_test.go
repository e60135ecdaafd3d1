package postgres_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/postgres"
	"github.com/doorward/doorward/tokens"
)

// benched is a store with as many tokens as DOORWARD_BENCH_TOKENS says, 20,000 by default: a tenth is personal, half has been used,
// a third expires, one in fifty is disabled, one in a hundred holds a scope of its own.
func benched(b *testing.B) *postgres.Store {
	b.Helper()
	count := 20_000
	if text := os.Getenv("DOORWARD_BENCH_TOKENS"); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		mustDo(b, err)
	}
	dsn := readyDSN(b)
	db := raw(b, dsn)
	// The triggers would change the same rows of counts that often in one transaction, which PostgreSQL does slower each time.
	mustExec(b, db, "ALTER TABLE tokens DISABLE TRIGGER USER")
	mustExec(b, db, `INSERT INTO tokens (id, digest, name, owner, environment, kind, cluster, personal, administrator, staff, legacy, enabled, seed,
		activegate, environments, scopes, networks, created, newest, modified, expires, last_used, last_used_ip)
		SELECT 'dt0c01.' || md5(i::text), decode(repeat('00', 32), 'hex'), 'ci-' || md5((i + 1)::text), 'owner-' || i % 1000, 'e', 'dt0c01', false,
			i % 10 = 0, false, false, false, i % 50 <> 11, false, '', '[]',
			CASE WHEN i % 100 = 7 THEN '["logs.read","metrics.read","rare"]' ELSE '["logs.read","metrics.read"]' END, '[]', i, -i,
			-9223372036854775807, CASE WHEN i % 3 = 0 THEN i ELSE 9223372036854775807 END, CASE WHEN i % 2 = 0 THEN i ELSE -9223372036854775807 END, ''
		FROM generate_series(1, $1::bigint) AS i`, count)
	for _, text := range []string{
		`INSERT INTO token_counts SELECT environment, kind, personal, count(*) FROM tokens GROUP BY 1, 2, 3`,
		`INSERT INTO token_owner_counts SELECT owner, environment, kind, personal, count(*) FROM tokens GROUP BY 1, 2, 3, 4`,
		`INSERT INTO token_scopes SELECT value, environment, kind, personal, created, id, number FROM tokens, json_array_elements_text(scopes::json)`,
		`INSERT INTO token_scope_counts SELECT scope, environment, kind, personal, count(*) FROM token_scopes GROUP BY 1, 2, 3, 4`,
		"ALTER TABLE tokens ENABLE TRIGGER USER",
	} {
		mustExec(b, db, text)
	}
	mustExec(b, db, "VACUUM ANALYZE") // autovacuum does it in production
	return openAt(b, dsn, postgres.Options{})
}

func BenchmarkStore(b *testing.B) {
	s := benched(b)
	known := make([]string, 0, 1000)
	page, err := s.Tokens(b.Context(), tokens.Query{Limit: 1000})
	mustDo(b, err)
	for _, r := range page {
		known = append(known, r.ID)
	}
	uses := make([]tokens.Use, len(known))
	began := time.Now()
	event := func(id string) audit.Event {
		return audit.Event{Time: began, Actor: "bench", Action: "token.update", Object: id}
	}
	for _, bench := range []struct {
		name string
		do   func(i int) error
	}{
		{"Token", func(i int) error {
			_, err := s.Token(b.Context(), known[i%len(known)])
			return err
		}},
		{"Revision", func(int) error { return s.Ping(b.Context()) }},
		{"CreateToken", func(i int) error {
			r := tokenNumber(i)
			r.ID = fmt.Sprintf("dt0c01.%d-%d", time.Now().UnixNano(), i)
			return s.CreateToken(b.Context(), r, event(r.ID))
		}},
		{"UpdateToken", func(i int) error {
			id := known[i%len(known)]
			e := event(id)
			return s.UpdateToken(b.Context(), id, &e, func(r *tokens.Record) error {
				r.Scopes = []string{"logs.read", fmt.Sprint("scope.", i%3)}
				return nil
			})
		}},
		{"RecordUses1000", func(i int) error {
			for n, id := range known {
				uses[n] = tokens.Use{ID: id, IP: "192.0.2.1", At: began.Add(time.Duration(i) * time.Second)}
			}
			return s.RecordUses(b.Context(), uses)
		}},
		{"TokensNewest", func(int) error {
			_, err := s.Tokens(b.Context(), tokens.Query{Limit: 200})
			return err
		}},
		{"TokensByNameOfOwner", func(int) error {
			_, err := s.Tokens(b.Context(), tokens.Query{Owner: "owner-7", Sort: tokens.SortName, Limit: 200})
			return err
		}},
		{"TokensWithRareScope", func(int) error {
			_, err := s.Tokens(b.Context(), tokens.Query{Scopes: []string{"rare"}, Limit: 200})
			return err
		}},
		{"TokensDisabled", func(int) error {
			_, err := s.Tokens(b.Context(), tokens.Query{Enabled: tokens.Without, Sort: tokens.SortLastUsed, Limit: 200})
			return err
		}},
		{"TokensEnabled", func(int) error {
			_, err := s.Tokens(b.Context(), tokens.Query{Enabled: tokens.Only, Limit: 200})
			return err
		}},
		{"TokensNamed", func(int) error {
			_, err := s.Tokens(b.Context(), tokens.Query{NamePrefix: "ci-8a", Limit: 200})
			return err
		}},
		{"TokensByNameOfNamed", func(int) error {
			_, err := s.Tokens(b.Context(), tokens.Query{NamePrefix: "ci-8", Sort: tokens.SortName, Limit: 200})
			return err
		}},
		{"TokensThatExpire", func(int) error {
			_, err := s.Tokens(b.Context(), tokens.Query{ExpiresFrom: time.UnixMilli(1), ExpiresTo: time.UnixMilli(9000), Sort: tokens.SortName, Limit: 200})
			return err
		}},
		{"CountNamed", func(int) error {
			_, err := s.CountTokens(b.Context(), tokens.Query{NamePrefix: "ci-8"})
			return err
		}},
		{"CountEnabled", func(int) error {
			_, err := s.CountTokens(b.Context(), tokens.Query{Enabled: tokens.Only})
			return err
		}},
		{"CountWithScope", func(int) error {
			_, err := s.CountTokens(b.Context(), tokens.Query{Scopes: []string{"rare", "logs.read"}})
			return err
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if err := bench.do(i); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
