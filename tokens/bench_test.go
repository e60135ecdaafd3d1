package tokens_test

import (
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/tokens"
)

func benchmarkVerify(b *testing.B, edit func(good string) string, want tokens.Refusal) {
	g := newGate(b, tokens.VerifierConfig{Legacy: true})
	c, ctx := apiToken(edit(g.issue(b, "dt0c01", nil).Secret.Reveal())), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal, err := g.Verify(ctx, c, "prod", "192.0.2.1", now); refusal != want || err != nil {
			b.Fatal(refusal, err)
		}
	}
}

func BenchmarkVerifyHit(b *testing.B) {
	benchmarkVerify(b, func(good string) string { return good }, "")
}

func BenchmarkVerifyWrongSecret(b *testing.B) {
	benchmarkVerify(b, func(good string) string { return good[:95] + flip(good[95]) }, tokens.WrongSecret)
}

func BenchmarkVerifyAbsent(b *testing.B) {
	benchmarkVerify(b, func(string) string { return "dt0c01." + public24 + "." + secret64 }, tokens.Unknown)
}

func BenchmarkVerifyMalformed(b *testing.B) {
	benchmarkVerify(b, func(good string) string { return good[:95] }, tokens.Malformed)
}

func BenchmarkVerifyHitParallel(b *testing.B) {
	g := newGate(b, tokens.VerifierConfig{})
	c, ctx := apiToken(g.issue(b, "dt0c01", nil).Secret.Reveal()), b.Context()
	g.verify(b, c)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, refusal, err := g.Verify(ctx, c, "prod", "192.0.2.1", now); refusal != "" || err != nil {
				b.Error(refusal, err)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	fs, text := formats(b), "dt0c01."+public24+"."+secret64
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fs.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMaskNothing(b *testing.B) {
	text := strings.Repeat("GET /api/v2/metrics/query?from=now-2h HTTP/1.1 abc.live.example.com ", 4)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		tokens.Mask(text)
	}
}

func BenchmarkVerifyHitWithNetworks(b *testing.B) {
	g := newGate(b, tokens.VerifierConfig{})
	c, ctx := apiToken(g.issue(b, "dt0c01", func(r *tokens.Record) {
		r.Networks = []string{"10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"}
	}).Secret.Reveal()), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal, err := g.Verify(ctx, c, "prod", "192.0.2.1", now); refusal != "" || err != nil {
			b.Fatal(refusal, err)
		}
	}
}

func BenchmarkVerifyAgent(b *testing.B) {
	g := newGate(b, tokens.VerifierConfig{})
	putTenant(b, g.store, "prod", tenantText, oldTenantText)
	for name, text := range map[string]string{
		"tenant": tenantText, "wrong": tenantText[1:], "activegate": g.issue(b, "dt0g02", nil).Secret.Reveal(),
	} {
		b.Run(name, func(b *testing.B) {
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := g.VerifyAgent(ctx, text, bothKinds, "prod", "192.0.2.1", now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNoteScopes(b *testing.B) {
	g := newGate(b, tokens.VerifierConfig{})
	p, _ := g.verify(b, apiToken(g.issue(b, "dt0c01", nil).Secret.Reveal()))
	var last *tokens.ScopeGroup
	for _, name := range []string{"a.read", "b.read", "c.read", "d.read", "e.read", "f.read", "g.read", "h.read"} {
		last = g.ScopeGroup([]string{name})
		g.NoteScopes(p, last, now)
	}
	b.ReportAllocs()
	for b.Loop() {
		g.NoteScopes(p, last, now)
	}
}

func BenchmarkPersonalTokens(b *testing.B) {
	store := newSettingsStore()
	setPersonal(b, store, "prod", true)
	s := tokens.NewSwitches(tokens.SwitchesConfig{Store: store})
	defer s.Close()
	if err := s.Load(b.Context()); err != nil {
		b.Fatal(err)
	}
	at := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		s.PersonalTokens("prod", at)
	}
}
