package module

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// serveAll sends one request after the other, each as edit makes it, and counts how they were answered.
func serveAll(b *testing.B, h *Handler, s *benchmarkRequest, edit func(n int)) (statuses map[int]int) {
	b.Helper()
	statuses = map[int]int{}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		s.reset()
		edit(n)
		if err := h.ServeHTTP(s.w, s.r, answerNothing); err != nil {
			b.Fatal(err)
		}
		statuses[s.w.status]++
	}
	return statuses
}

// serveOnly is serveAll where there is one right answer.
func serveOnly(b *testing.B, h *Handler, s *benchmarkRequest, status int, edit func(n int)) {
	b.Helper()
	if statuses := serveAll(b, h, s, edit); len(statuses) != 1 || statuses[status] == 0 {
		b.Fatalf("statuses %v, want %d only", statuses, status)
	}
}

func asItIs(int) {}

// BenchmarkServe runs every stage. With everything cached the budget is 2 µs and 5 allocations, and a refusal is to be no
// dearer than an admission.
func BenchmarkServe(b *testing.B) {
	h, g := benchmarkHandler(b)
	id, reader := g.mint(b, "metrics.read")
	_, other := g.mint(b, "logs.read")
	wrong := other[:len(other)-10] + reader[len(reader)-10:] // a known identifier and a well-formed secret that is not its own
	for _, test := range []struct {
		name, token string
		status      int
	}{
		{"200", reader, http.StatusOK}, {"401", wrong, http.StatusUnauthorized}, {"401-absent", "dt0c01." + strings.Repeat("A", 24) + reader[31:], http.StatusUnauthorized},
		{"401-malformed", reader[:60], http.StatusUnauthorized}, {"403", other, http.StatusForbidden},
	} {
		b.Run(test.name, func(b *testing.B) {
			serveOnly(b, h, newBenchmarkRequest(h, test.token), test.status, asItIs)
		})
	}
	b.Run("200-parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(loop *testing.PB) {
			s := newBenchmarkRequest(h, reader)
			for loop.Next() {
				s.reset()
				_ = h.ServeHTTP(s.w, s.r, answerNothing)
			}
		})
	})
	if queries := g.verifier.Stats().Queries; queries > 5 {
		b.Errorf("the store was asked %d times; a repeated token, good or bad, must be answered from memory", queries)
	}
	// Every token is looked up in SQLite.
	b.Run("200-cold", func(b *testing.B) {
		serveOnly(b, h, newBenchmarkRequest(h, reader), http.StatusOK, func(int) { g.verifier.Forget(id) })
	})
	ring, release, err := acquireDecisionRing(&DecisionLog{Folder: b.TempDir()}, zap.NewNop())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = release() }()
	h.observer = ring
	b.Run("200-logged", func(b *testing.B) {
		serveOnly(b, h, newBenchmarkRequest(h, reader), http.StatusOK, asItIs)
	})
	h.observer = nil
}

// holdInMemory has a handler read its tokens from memory, made as edit says, and not from SQLite. It returns their texts as
// header values.
func holdInMemory(b testing.TB, h *Handler, n int, edit func(n int, r *tokens.Record)) [][]string {
	b.Helper()
	formats, err := tokens.NewFormats()
	if err != nil {
		b.Fatal(err)
	}
	store := new(tokenstest.Memory)
	texts := make([][]string, n)
	for i := range texts {
		minted, err := formats.Mint("dt0c01", rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		r := tokens.Record{ID: minted.ID, Digest: minted.Digest, Environment: DefaultEnvironment, Enabled: true, LastUsed: h.now()}
		edit(i, &r)
		store.Put(r)
		texts[i] = []string{"Api-Token " + minted.Secret.Reveal()}
	}
	verifier := tokens.NewVerifier(tokens.VerifierConfig{
		Store: store, Formats: formats, Personal: func(string, time.Time) bool { return true }, Lifetime: time.Hour,
	})
	before := h.verifier
	h.verifier = verifier
	b.Cleanup(func() {
		h.verifier = before
		if err := verifier.Close(context.WithoutCancel(b.Context())); err != nil {
			b.Log(err)
		}
	})
	return texts
}

// BenchmarkServeTokens: 10,000 tokens, of which some are sent much more often than others.
func BenchmarkServeTokens(b *testing.B) {
	h, _ := benchmarkHandler(b)
	const n = 10_000
	texts := holdInMemory(b, h, n, func(_ int, r *tokens.Record) { r.Scopes = []string{"metrics.read"} })
	zipf := mathrand.NewZipf(mathrand.New(mathrand.NewPCG(1, 2)), 1.1, 1, n-1)
	order := make([]int, 1<<16)
	for i := range order {
		order[i] = int(zipf.Uint64())
	}
	s := newBenchmarkRequest(h, "")
	b.Run("zipf", func(b *testing.B) {
		serveOnly(b, h, s, http.StatusOK, func(i int) { s.r.Header["Authorization"] = texts[order[i%len(order)]] })
	})
}

// askForSettings makes a request one that policies are asked about.
func (s *benchmarkRequest) askForSettings() {
	s.r.URL.Path = "/api/v2/settings/objects"
	s.r.URL.RawQuery = "schemaIds=app:schema.7"
}

// BenchmarkServeUsers: the personal tokens of 1,000 users, each with one of ten policies and groups of their own.
func BenchmarkServeUsers(b *testing.B) {
	h, g := benchmarkHandler(b)
	const users, groups = 1000, 10
	d := newDesk(b, g.gate)
	var bindings []policyengine.Binding
	for i := range groups {
		group, err := d.policies.CreateGroup(b.Context(), "test", DefaultAccount, pap.GroupAttributes{Name: fmt.Sprintf("group %d", i)})
		d.must(err)
		bindings = append(bindings, policyengine.Binding{
			Group: group.UUID, Level: bind.Account, LevelID: DefaultAccount, Statements: statementsFor(10 + i),
		})
	}
	member := make([]string, users)
	for i := range member {
		member[i] = fmt.Sprintf("user%d@example.com", i)
		_, err := d.policies.CreateUser(b.Context(), "test", DefaultAccount, pap.UserAttributes{Email: member[i]})
		d.must(err)
		d.must(d.policies.AddToGroups(b.Context(), "test", DefaultAccount, member[i], []string{bindings[i%groups].Group, d.group}))
	}
	d.decideBy(bindings...)
	texts := holdInMemory(b, h, users, func(i int, r *tokens.Record) {
		r.Owner, r.Personal, r.Scopes = member[i], true, []string{"settings.read"}
	})
	s := newBenchmarkRequest(h, "")
	s.askForSettings()
	serveOnly(b, h, s, http.StatusOK, func(i int) { s.r.Header["Authorization"] = texts[i%users] })
}

// decideBy has the engine decide by these bindings, whatever is in the store: its own policies are never of so high a revision.
func (d desk) decideBy(bindings ...policyengine.Binding) {
	d.t.Helper()
	d.settle(d.t.Context())
	revision := max(d.rules.engine.Stats().Revision, 1<<40) + 1
	d.must(d.rules.engine.Publish(d.t.Context(), policyengine.Policies{Revision: revision, Bindings: bindings}))
}

// statementsFor are statements of one permission, each about a schema of its own, one in ten of them a DENY; those with a
// number that ends in 2 are about every schema under theirs.
func statementsFor(n int) []*bind.Statement {
	statements := make([]*bind.Statement, n)
	for i := range statements {
		schema := fmt.Sprintf("app:schema.%d", i)
		s := &bind.Statement{Effect: ast.Allow, Permission: "settings:objects:read", Origin: bind.Origin{PolicyID: "p", PolicyName: "p", Index: i}}
		op := ast.Equal
		switch i % 10 {
		case 0:
			s.Effect = ast.Deny
		case 2:
			op, schema = ast.StartsWith, schema+"."
		}
		s.Conditions = []bind.Condition{{
			Name: "settings:schemaId", Kind: catalog.Text, Operator: op,
			Operands: []bind.Operand{{Parts: []ast.Part{ast.Text{Text: schema}}}},
		}}
		statements[i] = s
	}
	return statements
}

// BenchmarkServePolicies: requests that policies decide, by the number of statements of the user; with an answer that is
// remembered, and with one that has to be found each time.
func BenchmarkServePolicies(b *testing.B) {
	h, g := benchmarkHandler(b)
	d := newDesk(b, g.gate)
	d.must(d.policies.AddToGroups(b.Context(), "test", DefaultAccount, deskUser, []string{d.group}))
	texts := holdInMemory(b, h, 1, func(_ int, r *tokens.Record) {
		r.Owner, r.Personal, r.Scopes = deskUser, true, []string{"settings.read"}
	})
	queries := make([]string, 1<<17)
	for i := range queries {
		queries[i] = fmt.Sprintf("schemaIds=app:schema.2.%d", i)
	}
	for _, n := range []int{10, 100, 1000, 10_000} {
		d.decideBy(policyengine.Binding{Group: d.group, Level: bind.Account, LevelID: DefaultAccount, Statements: statementsFor(n)})
		s := newBenchmarkRequest(h, "")
		s.askForSettings()
		s.authorization = texts[0]
		s.reset()
		d.must(h.ServeHTTP(s.w, s.r, answerNothing)) // compiles what was published
		b.Run(fmt.Sprintf("hit/N=%d", n), func(b *testing.B) { serveOnly(b, h, s, http.StatusOK, asItIs) })
		// One query after the other: when the first comes again, its answer has been forgotten for the sake of the others,
		// or is asked for a second time, which the cache counts.
		b.Run(fmt.Sprintf("miss/N=%d", n), func(b *testing.B) {
			before := g.rules.engine.Stats()
			serveOnly(b, h, s, http.StatusOK, func(i int) { s.r.URL.RawQuery = queries[i%len(queries)] })
			after := g.rules.engine.Stats()
			hits, misses := float64(after.Hits-before.Hits), float64(after.Misses-before.Misses)
			b.ReportMetric(misses/(hits+misses), "misses/op")
		})
	}
}

// parameters are what stands for values in a template.
var parameters = regexp.MustCompile(`\{[^}]*\}`)

// BenchmarkServeCatalogue: the URL of every row of the table, one after the other, by somebody who holds every scope.
func BenchmarkServeCatalogue(b *testing.B) {
	h, _ := benchmarkHandler(b)
	var scopes []string
	for _, e := range h.table.All() {
		scopes = append(scopes, e.Scopes...)
	}
	slices.Sort(scopes)
	texts := holdInMemory(b, h, 1, func(_ int, r *tokens.Record) { r.Scopes = slices.Compact(scopes) })
	rows := h.table.All()
	paths := make([]string, len(rows))
	for i, e := range rows {
		paths[i] = parameters.ReplaceAllString(e.Template, "x7")
	}
	s := newBenchmarkRequest(h, "")
	s.authorization = texts[0]
	s.r.URL.RawQuery = ""
	statuses := serveAll(b, h, s, func(i int) {
		s.r.Method, s.r.URL.Path, s.r.URL.RawPath = rows[i%len(rows)].Method, paths[i%len(rows)], ""
	})
	for status := range statuses {
		// Some rows are refused to everybody whose scopes are those of tokens: derived ones, and those for OAuth alone.
		if status != http.StatusOK && status != http.StatusForbidden {
			b.Errorf("statuses %v", statuses)
		}
	}
	b.ReportMetric(float64(len(rows)), "rows")
}
