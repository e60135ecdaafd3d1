package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/tokens"
)

func testCreateAndGet(t *testing.T, open Open) {
	s := open(t)
	bare := tokens.Record{ID: "dt0c01.BARE", Digest: tokens.DigestOf("bare"), Created: epoch}
	mustCreate(t, s, record(1), record(2), gateToken(3), bare)
	wantToken(t, s, record(1))
	wantToken(t, s, record(2))
	wantToken(t, s, gateToken(3))
	wantToken(t, s, bare)
	_, err := s.Token(t.Context(), "dt0c01.NOBODY")
	wantError(t, "Token(unknown)", err, tokens.ErrNotFound)
	_, err = s.Token(t.Context(), strings.ToUpper(record(1).ID))
	wantError(t, "Token(other case)", err, tokens.ErrNotFound)
}

func testCreateExists(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1))
	twin := record(2)
	twin.ID = record(1).ID
	err := s.CreateToken(t.Context(), twin, event("token.create", twin.ID))
	wantError(t, "CreateToken(taken)", err, tokens.ErrExists)
	wantToken(t, s, record(1))

	// A deleted token's identifier is free again.
	if err := s.DeleteToken(t.Context(), twin.ID, event("token.delete", twin.ID)); err != nil {
		t.Fatal(err)
	}
	mustCreate(t, s, twin)
	wantToken(t, s, twin)
}

func testLegacy(t *testing.T, open Open) {
	s := open(t)
	old := record(1)
	old.ID, old.Legacy = "a6e91657-1fa7-4742-af40-39469b92bd65", true
	// The attack: a token of today's format whose secret has the digest of an old one must not answer for it.
	modern := record(2)
	modern.Digest = old.Digest
	mustCreate(t, s, modern)
	_, err := s.LegacyToken(t.Context(), old.Digest)
	wantError(t, "LegacyToken(digest of a modern token)", err, tokens.ErrNotFound)

	mustCreate(t, s, old)
	got, err := s.LegacyToken(t.Context(), old.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(old, got); diff != "" {
		t.Errorf("LegacyToken (-want +got):\n%s", diff)
	}
	twin := old
	twin.ID = "b6e91657-1fa7-4742-af40-39469b92bd65"
	err = s.CreateToken(t.Context(), twin, event("token.import", twin.ID))
	wantError(t, "CreateToken(digest of an old-format token taken)", err, tokens.ErrExists)
}

func testUpdate(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1), record(2), gateToken(4))
	err := s.UpdateToken(t.Context(), record(1).ID, told("token.update", record(1).ID), func(r *tokens.Record) error {
		if diff := cmp.Diff(record(1), *r); diff != "" {
			t.Errorf("record handed to change (-want +got):\n%s", diff)
		}
		*r = tokens.Record{
			ID: "stolen", Digest: tokens.DigestOf("stolen"), Legacy: true, Created: epoch.Add(-time.Hour),
			ActiveGate: "CLUSTER", Seed: true,
			Name: "renamed", Environment: "other", Environments: []string{"third"}, Administrator: true, Scopes: []string{"a"}, Networks: []string{"::/0"}, Expires: epoch,
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// What makes it this token has stayed, and so has the staff mark; everything else is as change left it.
	want := tokens.Record{
		ID: record(1).ID, Digest: record(1).Digest, Created: record(1).Created, Staff: true,
		Name: "renamed", Environment: "other", Environments: []string{"third"}, Administrator: true, Scopes: []string{"a"}, Networks: []string{"::/0"}, Expires: epoch,
	}
	wantToken(t, s, want)
	wantToken(t, s, record(2))
	err = s.UpdateToken(t.Context(), gateToken(4).ID, told("activegatetoken.update", gateToken(4).ID), func(r *tokens.Record) error {
		r.ActiveGate, r.Seed = "", false
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantToken(t, s, gateToken(4))
	// The staff mark can be set at any time.
	err = s.UpdateToken(t.Context(), record(2).ID, told("token.update", record(2).ID), func(r *tokens.Record) error {
		r.Staff = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	marked := record(2)
	marked.Staff = true
	wantToken(t, s, marked)
}

func testUpdateRefused(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1))
	refusal := errors.New("not this one")
	err := s.UpdateToken(t.Context(), record(1).ID, told("token.update", record(1).ID), func(r *tokens.Record) error {
		r.Enabled, r.Name = false, "half done"
		r.Scopes[0] = "half done"
		return refusal
	})
	if err != refusal { //nolint:errorlint // not even wrapped
		t.Errorf("UpdateToken: got %v, want the error of change as it is", err)
	}
	wantToken(t, s, record(1))

	err = s.UpdateToken(t.Context(), "nobody", told("token.update", "nobody"), func(*tokens.Record) error {
		t.Error("change was called for a token that does not exist")
		return nil
	})
	wantError(t, "UpdateToken(unknown)", err, tokens.ErrNotFound)
	wantChanges(t, s, 1)
}

// testUpdateTells: what change says of itself is in the event, and what it is not to say is not.
func testUpdateTells(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1))
	e := told("token.disable", record(1).ID)
	err := s.UpdateToken(t.Context(), record(1).ID, e, func(r *tokens.Record) error {
		if e.Message != "" || e.Detail != testDetail || e.Patch != "" {
			t.Errorf("change begins with message %q, detail %q, patch %q", e.Message, e.Detail, e.Patch)
		}
		e.Message, e.Detail, e.Patch = "Disabled.", `{"name":"n"}`, `[{"op":"replace","path":"/enabled"}]`
		r.Enabled = false
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := event("token.disable", record(1).ID)
	want.Message, want.Detail, want.Patch = "Disabled.", `{"name":"n"}`, `[{"op":"replace","path":"/enabled"}]`
	wantEventOf(t, s, want, 2)
}

func testDelete(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1), record(2))
	if err := s.DeleteToken(t.Context(), record(1).ID, event("token.delete", record(1).ID)); err != nil {
		t.Fatal(err)
	}
	_, err := s.Token(t.Context(), record(1).ID)
	wantError(t, "Token(deleted)", err, tokens.ErrNotFound)
	wantToken(t, s, record(2))
	err = s.DeleteToken(t.Context(), record(1).ID, event("token.delete", record(1).ID))
	wantError(t, "DeleteToken(deleted)", err, tokens.ErrNotFound)
	wantChanges(t, s, 3)
}

func testRecordUses(t *testing.T, open Open) {
	s := open(t)
	fresh := record(1)
	fresh.LastUsed, fresh.LastUsedIP = time.Time{}, ""
	mustCreate(t, s, fresh, record(2))
	note := func(uses ...tokens.Use) {
		t.Helper()
		if err := s.RecordUses(t.Context(), uses); err != nil {
			t.Fatalf("RecordUses: %v", err)
		}
	}
	later := epoch.Add(time.Hour)
	note()
	note(tokens.Use{ID: fresh.ID, At: later, IP: "192.0.2.1"}, tokens.Use{ID: "nobody", At: later, IP: "192.0.2.9"})
	fresh.LastUsed, fresh.LastUsedIP = later, "192.0.2.1"
	wantToken(t, s, fresh)

	// Nodes report late and out of order; the newest sighting stays.
	note(tokens.Use{ID: fresh.ID, At: later.Add(-time.Millisecond), IP: "192.0.2.2"})
	wantToken(t, s, fresh)
	note(tokens.Use{ID: fresh.ID, At: later.Add(2 * time.Second), IP: "192.0.2.3"},
		tokens.Use{ID: fresh.ID, At: later.Add(time.Second), IP: "192.0.2.4"})
	fresh.LastUsed, fresh.LastUsedIP = later.Add(2*time.Second), "192.0.2.3"
	wantToken(t, s, fresh)

	// More than an engine is likely to do at once.
	many := slices.Repeat([]tokens.Use{{ID: record(2).ID, At: later, IP: "192.0.2.5"}}, 1500)
	note(append(many, tokens.Use{ID: record(2).ID, At: later.Add(time.Second), IP: "192.0.2.6"})...)
	second := record(2)
	second.LastUsed, second.LastUsedIP = later.Add(time.Second), "192.0.2.6"
	wantToken(t, s, second)
	wantChanges(t, s, 2)
}

// testHostile stores texts that break out of quoting, matching or encoding where those are done by hand. The invariant:
// a text comes back as it was, and names nothing but itself.
func testHostile(t *testing.T, open Open) {
	s := open(t)
	texts := []string{
		`'; DROP TABLE tokens; --`, `" OR ""="`, `%`, `_`, `\`, `*`, `?1 $1 :id @id`, "a\nb\r\tc", `{"a":["b"]}`, `null`, ` `,
		"\u202etxt.exe", "é", "e\u0301", "\U0001F6AA", "\uFEFF", "\u2028", strings.Repeat("ñ'", 150), // no service takes a longer one for what is looked up
	}
	for i, text := range texts {
		r := record(i)
		r.ID, r.Name, r.Owner, r.Environment, r.LastUsedIP = text, text, text, text, text
		r.Scopes, r.Networks, r.Environments = []string{text, text + "2"}, []string{text}, []string{text}
		e := event("token.create", text)
		e.Actor, e.Detail, e.Message, e.Patch, e.Environment, e.Origin, e.Decision = text, text, text, text, text, text, text
		if err := s.CreateToken(t.Context(), r, e); err != nil {
			t.Fatalf("CreateToken(%.40q): %v", text, err)
		}
		wantToken(t, s, r)
		for what, q := range map[string]tokens.Query{"owner": {Owner: text}, "prefix": {IDPrefix: text},
			"environment": {Environment: text}, "scope": {Scopes: []string{text}}} {
			if page, err := s.Tokens(t.Context(), q); err != nil || !slices.Equal(ids(page), []string{text}) {
				t.Errorf("Tokens by %s %.40q: got %.100q, %v", what, text, ids(page), err)
			}
			if n, err := s.CountTokens(t.Context(), q); err != nil || n != 1 {
				t.Errorf("CountTokens by %s %.40q: got %d, %v", what, text, n, err)
			}
		}
		wantEventOf(t, s, e, int64(i+1))
	}
	// What nothing is looked up by may be of any length, and so may all of an event: the trail has to take what it is given.
	long := strings.Repeat("ñ'", 50_000)
	r, e := record(999), event("token.create", long)
	r.LastUsedIP, r.Networks, r.Environments = long, []string{long}, []string{long}
	e.Actor, e.Detail, e.Message, e.Patch, e.Environment, e.Origin, e.Decision = long, long, long, long, long, long, long
	must(t, s.CreateToken(t.Context(), r, e))
	wantToken(t, s, r)
	wantEventOf(t, s, e, int64(len(texts)+1))
}
