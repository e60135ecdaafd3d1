package policyengine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
)

// many makes statements of one permission, each about a schema of its own: most of them an equality, some a list or a
// prefix, one in ten a DENY with two conditions.
func many(n int) []*bind.Statement {
	statements := make([]*bind.Statement, n)
	for i := range statements {
		schema := fmt.Sprintf("app:schema.%d", i)
		s := &bind.Statement{Effect: ast.Allow, Permission: "settings:objects:read", Origin: bind.Origin{PolicyID: "p", PolicyName: "p", Index: i}}
		switch i % 10 {
		case 0:
			s.Effect = ast.Deny
			s.Conditions = []bind.Condition{
				text("settings:schemaId", ast.Equal, schema), text("settings:scope", ast.Equal, "environment"),
			}
		case 1:
			s.Conditions = []bind.Condition{text("settings:schemaId", ast.In, schema, schema+".a", schema+".b")}
		case 2:
			s.Conditions = []bind.Condition{text("settings:schemaId", ast.StartsWith, schema+".")}
		default:
			s.Conditions = []bind.Condition{text("settings:schemaId", ast.Equal, schema)}
		}
		statements[i] = s
	}
	return statements
}

func text(name string, op ast.Operator, values ...string) bind.Condition {
	c := bind.Condition{Name: name, Kind: catalog.Text, Operator: op}
	for _, v := range values {
		c.Operands = append(c.Operands, bind.Operand{Parts: []ast.Part{ast.Text{Text: v}}})
	}
	return c
}

func asking(schema string) policyengine.Request {
	return policyengine.Request{
		Subject: policyengine.Subject{User: "u", Groups: []string{"everyone", "readers", "editors"}},
		Account: "account", Environment: "environment", Permission: "settings:objects:read",
		Attributes: []policyengine.Attribute{
			{Name: "settings:schemaId", Values: []string{schema}, Known: true},
			{Name: "settings:scope", Values: []string{"host"}, Known: true},
		},
		Now: start,
	}
}

func published(tb testing.TB, options policyengine.Options, statements []*bind.Statement) *policyengine.Engine {
	tb.Helper()
	engine, err := policyengine.New(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(engine.Close)
	publish(tb, engine, 1, policyengine.Binding{Group: "readers", Level: bind.Account, LevelID: "account", Statements: statements})
	return engine
}

// BenchmarkDecide: a decision from the cache, one that is evaluated, and one that is refused, by number of statements.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		statements := many(n)
		for _, c := range []struct {
			name   string
			schema string
			cache  int64
			allow  bool
		}{{"hit", fmt.Sprintf("app:schema.%d", n-3), 0, true}, {"miss", fmt.Sprintf("app:schema.%d", n-3), -1, true}, {"refusal", "app:none", -1, false}} {
			b.Run(fmt.Sprintf("%s/N=%d", c.name, n), func(b *testing.B) {
				engine := published(b, policyengine.Options{CacheBytes: c.cache}, statements)
				r := asking(c.schema)
				if v := decide(b, engine, r); v.Allow != c.allow {
					b.Fatalf("got %+v", v)
				}
				time.Sleep(10 * time.Millisecond) // until the cache has taken the decision in
				b.ReportAllocs()
				for b.Loop() {
					if v, err := engine.Decide(b.Context(), r); err != nil || v.Allow != c.allow {
						b.Fatal(v, err)
					}
				}
			})
		}
	}
}

// BenchmarkDecideParallel: hits on all processors at once.
func BenchmarkDecideParallel(b *testing.B) {
	engine := published(b, policyengine.Options{}, many(100))
	r := asking("app:schema.97")
	decide(b, engine, r)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if v, err := engine.Decide(b.Context(), r); err != nil || !v.Allow {
				b.Error(v, err)
			}
		}
	})
}

// BenchmarkCompile: what it takes to publish, by number of statements.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		statements := many(n)
		b.Run(fmt.Sprintf("N=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := policyengine.Compile(statements); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPublish: from new policies to their deciding, with one subject who asked before.
func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("N=%d", n), func(b *testing.B) {
			engine := published(b, policyengine.Options{}, many(n))
			revision := int64(1)
			for b.Loop() {
				decide(b, engine, asking("app:schema.7"))
				revision++
				statements := many(n)
				statements[0].Origin.PolicyID = fmt.Sprint(revision)
				publish(b, engine, revision, policyengine.Binding{Group: "readers", Level: bind.Account, LevelID: "account", Statements: statements})
			}
		})
	}
}

// TestCostDoesNotGrow: an evaluation takes as much memory with many statements as with few, which it can only do when
// OPA finds the rules that apply by its index. Memory is compared because, unlike time, it is the same on every machine.
func TestCostDoesNotGrow(t *testing.T) {
	cost := func(n int, schema string) float64 {
		set, err := policyengine.Compile(many(n))
		if err != nil {
			t.Fatal(err)
		}
		return testing.AllocsPerRun(50, func() {
			if _, err := set.Decide(t.Context(), asking(schema)); err != nil {
				t.Fatal(err)
			}
		})
	}
	for _, schema := range []string{"app:schema.7", "app:schema.0", "app:schema.2.x", "app:schema.1.b", "app:none"} {
		if few, lots := cost(10, schema), cost(2000, schema); lots > few+8 {
			t.Errorf("%s: %v allocations with 10 statements, %v with 2000", schema, few, lots)
		}
	}
}
