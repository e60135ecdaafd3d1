package gateway

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/policyengine/parser"
	"github.com/doorward/doorward/tokens"
)

// TestFill: the store has the tokens whose texts everybody knows, they are good, and there are as many of them as promised.
func TestFill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "doorward.db")
	const k = 40
	n := ForWorking(k)
	if err := Fill(t.Context(), file, n); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), "sqlite:"+file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if Working(n) < k {
		t.Errorf("of %d tokens %d are good, want %d", n, Working(n), k)
	}
	for i := range Working(n) {
		text := Token(i)
		id, secret := text[:strings.LastIndexByte(text, '.')], text[strings.LastIndexByte(text, '.')+1:]
		r, err := s.Token(t.Context(), id)
		if err != nil || !r.Digest.Equal(tokens.DigestOf(secret)) || !r.Enabled || r.Personal || !r.Expires.IsZero() || r.Environment != fill.Environment {
			t.Fatalf("token %d: %+v, %v", i, r, err)
		}
	}
	if none := NoToken(0); none == Token(0) || len(none) != len(Token(0)) {
		t.Errorf("%q looks unlike a token", none)
	}
}

// TestPolicies: as many statements as asked for, in policies that are not too long.
func TestPolicies(t *testing.T) {
	file := filepath.Join(t.TempDir(), "doorward.db")
	if err := Fill(t.Context(), file, 30); err != nil {
		t.Fatal(err)
	}
	b, err := Enrol(t.Context(), file, 250)
	if err != nil || len(b.Policies) != 3 || b.Personal == "" || b.Root == "" {
		t.Fatalf("%d policies, %v", len(b.Policies), err)
	}
	drafted, err := Draft(t.Context(), file, nil, 250, "a.")
	if err != nil || len(drafted) != 3 {
		t.Fatalf("%d drafted, %v", len(drafted), err)
	}
	again, err := Draft(t.Context(), file, drafted, 250, "b.")
	if diff := cmp.Diff(drafted, again); diff != "" || err != nil {
		t.Errorf("%v, (-first +second):\n%s", err, diff)
	}
	total := 0
	for first := 0; first < 250; first += inPolicy {
		p, diagnostics := parser.ParsePolicy(policy(first, 250, "c.").Statement)
		if p == nil {
			t.Fatal(diagnostics)
		}
		total += len(p.Statements)
	}
	if total != 250 {
		t.Errorf("%d statements, want 250", total)
	}
}

// TestCaddyfile: sites differ in what stands before the proxy, and in nothing else.
func TestCaddyfile(t *testing.T) {
	c := Config{Folder: "/f", Store: "/f/x.db", Upstream: "127.0.0.1:9", Sites: []Site{{Port: 1}, {Port: 2, Has: "doorward"}}}
	_, sites, _ := strings.Cut(c.Caddyfile(), "http://:1 {")
	plain, guarded, _ := strings.Cut(sites, "http://:2 {")
	if diff := cmp.Diff(strings.Fields(plain), strings.Fields(strings.Replace(guarded, "doorward", "", 1))); diff != "" {
		t.Errorf("(-plain +guarded):\n%s", diff)
	}
}
