package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/pap"
)

// The published limits: this much, and no more, there is at one level.
const (
	benchGroups     = 5000
	benchPolicies   = 200
	benchBindings   = 30_000
	benchBoundaries = 200
	benchAccount    = "acc-1"
	benchTenant     = "abc12345"
)

func benchUUID(kind, n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, n) }

func benchGroup(n int) string    { return benchUUID(1, n) }
func benchPolicy(n int) string   { return benchUUID(2, n) }
func benchBoundary(n int) string { return benchUUID(3, n) }

// benchStatement is the text of policy number n: five statements, with a parameter in every fourth policy.
func benchStatement(n int) string {
	schema := fmt.Sprintf(`"app:%d"`, n)
	if n%4 == 0 {
		schema = `"${bindParam:schema}"`
	}
	return fmt.Sprintf("ALLOW settings:objects:read, settings:schemas:read;\nALLOW settings:objects:write WHERE settings:schemaId = %s;\n"+
		"DENY settings:objects:write WHERE settings:schemaId = \"secret:%d\";\nALLOW storage:logs:read WHERE storage:bucket-name STARTSWITH \"b%d\";\n"+
		"ALLOW storage:buckets:read;", schema, n, n)
}

// administer fills a store: of binding number n, policyOf says the policy and the parameters. A third has a boundary.
func administer(tb testing.TB, s *Store, policies int, policyOf func(n int) (int, map[string]string)) {
	tb.Helper()
	ctx := context.Background()
	err := inOne(ctx, s.writer, func(tx *sql.Tx) error {
		for n := range benchGroups {
			_, err := tx.ExecContext(ctx, `INSERT INTO user_groups (uuid, account_id, name, description, federated_values, owner, created)
				VALUES (?, ?, ?, '', '[]', '', 0)`, benchGroup(n), benchAccount, fmt.Sprint("group ", n))
			if err != nil {
				return err
			}
		}
		for n := range benchBoundaries {
			_, err := tx.ExecContext(ctx, `INSERT INTO boundaries (uuid, account_id, name, query, metadata, created) VALUES (?, ?, ?, ?, '{}', 0)`,
				benchBoundary(n), benchAccount, fmt.Sprint("boundary ", n), fmt.Sprintf(`settings:schemaId IN ("app:%d", "app:%d");`, n, n+1))
			if err != nil {
				return err
			}
		}
		for n := range policies {
			_, err := tx.ExecContext(ctx, `INSERT INTO policies (uuid, level_type, level_id, name, description, tags, statement, created)
				VALUES (?, 'account', ?, ?, '', '[]', ?, 0)`, benchPolicy(n), benchAccount, fmt.Sprint("policy ", n), benchStatement(n))
			if err != nil {
				return err
			}
		}
		return administerBindings(ctx, tx, policyOf)
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// inOne runs do in one transaction.
func inOne(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func administerBindings(ctx context.Context, tx *sql.Tx, policyOf func(n int) (int, map[string]string)) error {
	for n := range benchBindings {
		policy, parameters := policyOf(n)
		id := benchUUID(4, n*7919%benchBindings)
		if parameters == nil {
			parameters = map[string]string{}
		}
		pairs, err := json.Marshal(parameters)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO bindings (id, level_type, level_id, policy_uuid, group_uuid, parameters, metadata, created)
			VALUES (?, 'account', ?, ?, ?, ?, '{}', 0)`, id, benchAccount, benchPolicy(policy), benchGroup(n%benchGroups), string(pairs))
		if err != nil {
			return err
		}
		if n%3 != 0 {
			continue
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO binding_boundaries (binding_id, boundary_uuid) VALUES (?, ?)`, id, benchBoundary(n%benchBoundaries))
		if err != nil {
			return err
		}
	}
	return nil
}

// spread gives every group six of the policies.
func spread(n int) (policy int, parameters map[string]string) {
	policy = (n%benchGroups + n/benchGroups*31) % benchPolicies
	if policy%4 == 0 {
		parameters = map[string]string{"schema": fmt.Sprint("app:", n%50)}
	}
	return policy, parameters
}

func benchService(s *Store) *pap.Service {
	return pap.NewService(pap.ServiceConfig{Store: s, Mask: func(text string) string { return text }})
}

// BenchmarkStartUp is what a gateway does before its first decision about a user: it opens the store, reads all policies, binds
// them, and compiles what the user's groups have. The budget is 3 s. Each figure has those before it in it.
func BenchmarkStartUp(b *testing.B) {
	path := filepath.Join(b.TempDir(), "doorward.db")
	filled, err := Open(b.Context(), path, Options{})
	if err != nil {
		b.Fatal(err)
	}
	administer(b, filled, benchPolicies, spread)
	filled.Close()
	var opened, read, published, decided time.Duration
	measure(b, func(int) error {
		start := time.Now()
		s, err := Open(b.Context(), path, Options{})
		if err != nil {
			return err
		}
		defer s.Close()
		opened += time.Since(start)
		service := benchService(s)
		granted, err := service.Everything(b.Context())
		if err != nil {
			return err
		}
		if _, err := service.AllGroups(b.Context()); err != nil {
			return err
		}
		read += time.Since(start)
		engine, err := policyengine.New(policyengine.Options{})
		if err != nil {
			return err
		}
		defer engine.Close()
		p := policyengine.Policies{Revision: 1}
		for _, g := range granted {
			p.Bindings = append(p.Bindings, policyengine.Binding{Group: g.Group, Level: g.Level.Type, LevelID: g.Level.ID, Statements: g.Statements})
		}
		if err := engine.Publish(b.Context(), p); err != nil {
			return err
		}
		published += time.Since(start)
		_, err = engine.Decide(b.Context(), policyengine.Request{
			Subject: policyengine.Subject{User: "u", Groups: []string{benchGroup(1), benchGroup(2), benchGroup(3), benchGroup(4), benchGroup(5)}},
			Account: benchAccount, Environment: benchTenant, Permission: "settings:objects:read", Now: time.Now(),
		})
		decided += time.Since(start)
		return err
	})
	b.ReportMetric(float64(opened)/float64(b.N)/1e6, "ms/opened")
	b.ReportMetric(float64(read)/float64(b.N)/1e6, "ms/read")
	b.ReportMetric(float64(published)/float64(b.N)/1e6, "ms/published")
	b.ReportMetric(float64(decided)/float64(b.N)/1e6, "ms/decided")
}

// BenchmarkBind is one binding that comes where there are 30,000 less one, and goes again.
func BenchmarkBind(b *testing.B) {
	s := openNew(b)
	administer(b, s, benchPolicies, spread)
	service := benchService(s)
	if _, err := service.Unbind(b.Context(), "ann", pap.UnbindRequest{
		Level: pap.AccountLevel(benchAccount), Policy: benchPolicy(1), Group: benchGroup(1),
	}); err != nil {
		b.Fatal(err)
	}
	measure(b, func(int) error {
		_, _, err := service.Bind(b.Context(), "ann", pap.BindRequest{
			Level: pap.AccountLevel(benchAccount), Policy: benchPolicy(1), Groups: []string{benchGroup(1)},
		})
		if err != nil {
			return err
		}
		_, err = service.Unbind(b.Context(), "ann", pap.UnbindRequest{Level: pap.AccountLevel(benchAccount), Policy: benchPolicy(1), Group: benchGroup(1)})
		return err
	})
}

// BenchmarkUpdatePolicy changes a policy that 30,000 bindings use, once with six different parameters and once with one of its
// own for each. Meanwhile nobody else writes; the budget is 1 s.
func BenchmarkUpdatePolicy(b *testing.B) {
	for name, values := range map[string]int{"few": 6, "each": benchBindings} {
		b.Run(name, func(b *testing.B) {
			s := openNew(b)
			administer(b, s, 1, func(n int) (int, map[string]string) {
				return 0, map[string]string{"schema": fmt.Sprint("app:", n*values/benchBindings)}
			})
			service := benchService(s)
			measure(b, func(i int) error {
				_, err := service.UpdatePolicy(b.Context(), "ann", pap.AccountLevel(benchAccount), benchPolicy(0), pap.PolicyAttributes{
					Name: "policy", Statement: strings.Replace(benchStatement(0), "storage:buckets:read;", fmt.Sprintf("storage:buckets:read; // %d\n", i), 1),
				})
				return err
			})
		})
	}
}

// BenchmarkCounts are the numbers that the limits are shown with.
func BenchmarkCounts(b *testing.B) {
	s := openNew(b)
	administer(b, s, benchPolicies, spread)
	service := benchService(s)
	measure(b, func(int) error {
		level, err := service.LevelUse(b.Context(), pap.AccountLevel(benchAccount))
		if err != nil || level.Bindings.Count != benchBindings {
			return fmt.Errorf("%+v: %w", level, err)
		}
		account, err := service.AccountUse(b.Context(), benchAccount)
		if err != nil || account.Groups.Count != benchGroups {
			return fmt.Errorf("%+v: %w", account, err)
		}
		return nil
	})
}
