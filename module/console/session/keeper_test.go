package session_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

const secretText = "dt0c01.ABCDEFGHIJKLMNOPQRSTUVWX.THE-SECRET-PART-OF-A-TOKEN"

// room is sessions in a real store, at a time of the test's choice.
type room struct {
	*session.Keeper
	t     *testing.T
	store store.Store
	path  string
	mu    sync.Mutex
	now   time.Time
	heard []error
}

func newRoom(t *testing.T, opt session.Options) *room {
	t.Helper()
	r := &room{t: t, path: filepath.Join(t.TempDir(), "x.db"), now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	var err error
	if r.store, err = store.Open(t.Context(), "sqlite:"+r.path, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.store.Close() })
	opt.Now = func() time.Time {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.now
	}
	opt.OnError = func(err error) { r.heard = append(r.heard, err) }
	r.Keeper = session.NewKeeper(r.store, opt)
	return r
}

// wait lets time go by.
func (r *room) wait(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// change does something to the store behind everybody's back, as somebody with its file can.
func (r *room) change(text string, values ...any) {
	r.t.Helper()
	db, err := sql.Open("sqlite", r.path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(r.t.Context(), text, values...); err != nil {
		r.t.Fatal(err)
	}
}

func ann() session.Person {
	return session.Person{
		Subject: "user ann", Environment: "prod", Actor: "ann", Method: session.MethodToken, Address: "192.0.2.1", UserAgent: "Firefox",
		Credential: session.Credential{Scheme: "Api-Token", Text: tokens.NewSecret(secretText)}, Said: true,
	}
}

func (r *room) begin(p session.Person) (session.Cookie, *session.Session) {
	r.t.Helper()
	c, s, err := r.Begin(r.t.Context(), p)
	if err != nil {
		r.t.Fatal(err)
	}
	return c, s
}

// wantThere checks that a cookie leads to a session with the credential, or to none.
func (r *room) wantThere(what string, c session.Cookie, want bool) {
	r.t.Helper()
	f, err := r.Find(r.t.Context(), c)
	switch {
	case err != nil:
		r.t.Errorf("%s: %v", what, err)
	case (f != nil) != want:
		r.t.Errorf("%s: found %t, want %t", what, f != nil, want)
	case f != nil && (f.Credential.Text.Reveal() != secretText || f.Credential.Scheme != "Api-Token"):
		r.t.Errorf("%s: another credential", what)
	}
}

func TestBeginFindEnd(t *testing.T) {
	r := newRoom(t, session.Options{})
	c, s := r.begin(ann())
	r.wantThere("begun", c, true)
	read, ok := session.ParseCookie(c.Reveal())
	if !ok {
		t.Fatal("the cookie cannot be read back")
	}
	r.wantThere("as the browser sends it", read, true)
	want := session.Session{
		ID: s.ID, Subject: "user ann", Method: "token", Address: "192.0.2.1", UserAgent: "Firefox", Created: r.now, LastUsed: r.now,
		Ends: r.now.Add(30 * time.Minute), Expires: r.now.Add(8 * time.Hour), ConfirmedUntil: r.now.Add(5 * time.Minute),
	}
	f, err := r.Find(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, f.Session); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	for range 2 { // the second time it has ended already
		if err := r.End(t.Context(), f, ""); err != nil {
			t.Fatal(err)
		}
	}
	r.wantThere("ended", c, false)
	events, err := r.store.AuditEvents(t.Context(), store.AuditQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(events) {
		got = append(got, fmt.Sprintf("%s %s %s %s %s", e.Action, e.Actor, e.Environment, e.Origin, e.Message))
	}
	if diff := cmp.Diff([]string{
		"session.login ann prod 192.0.2.1 Signed in to the console with a token.", "session.logout ann prod 192.0.2.1 ",
	}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestEnds. Attack: a browser that somebody has left, or a cookie from a backup, is used later. Invariant: a session ends by
// idleness, by its age and with its credential, whichever comes first, and use lengthens only the first.
func TestEnds(t *testing.T) {
	for name, test := range map[string]struct {
		expires time.Duration // of the credential; 0: never
		every   time.Duration // it is used
		lives   time.Duration
	}{
		"idle":                {0, 30 * time.Minute, 0},
		"used":                {0, 29 * time.Minute, 8*time.Hour - 21*time.Minute}, // the last multiple before
		"with its credential": {time.Hour, 10 * time.Minute, 50 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, session.Options{})
			p := ann()
			if test.expires > 0 {
				p.Expires = r.now.Add(test.expires)
			}
			c, _ := r.begin(p)
			lived := time.Duration(0)
			for {
				r.wait(test.every)
				f, err := r.Find(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				if f == nil {
					break
				}
				lived += test.every
			}
			if lived > 8*time.Hour || lived < test.lives-test.every || test.lives == 0 && lived > 0 {
				t.Errorf("lived for %s, want %s", lived, test.lives)
			}
			if n, err := r.Forget(t.Context()); err != nil || n != 1 {
				t.Errorf("forgot %d, %v, want the one", n, err)
			}
		})
	}
	r := newRoom(t, session.Options{})
	p := ann()
	p.Expires = r.now
	if _, _, err := r.Begin(t.Context(), p); !errors.Is(err, session.ErrEnded) {
		t.Errorf("with a credential that has ended: %v", err)
	}
}

// TestUseIsNotedRarely: reading pages is not writing to the store, but for once a minute.
func TestUseIsNotedRarely(t *testing.T) {
	r := newRoom(t, session.Options{})
	c, s := r.begin(ann())
	noted := func() time.Time {
		row, err := r.store.ConsoleSession(t.Context(), c.Digest())
		if err != nil {
			t.Fatal(err)
		}
		return row.LastUsed
	}
	r.wait(session.TouchEvery - time.Millisecond)
	r.wantThere("soon", c, true)
	if got := noted(); !got.Equal(s.LastUsed) {
		t.Errorf("noted %s after less than a minute", got)
	}
	r.wait(time.Millisecond)
	r.wantThere("later", c, true)
	if got := noted(); !got.Equal(s.LastUsed.Add(session.TouchEvery)) {
		t.Errorf("noted %s after a minute", got)
	}
}

// TestHalves. Attack: somebody reads or writes the store, or knows a cookie, but not both. Fix: the store has the digest of the
// cookie, and the credential under a key that only the cookie gives, bound to the session. Invariant: neither half is of use, and
// halves of different sessions do not fit.
func TestHalves(t *testing.T) {
	r := newRoom(t, session.Options{})
	one, first := r.begin(ann())
	other := ann()
	other.Subject = "user bob"
	two, _ := r.begin(other)
	row, err := r.store.ConsoleSession(t.Context(), one.Digest())
	if err != nil {
		t.Fatal(err)
	}
	dump := fmt.Sprintf("%s %q %x", row.Sealed, row.Session, row.Digest)
	if strings.Contains(dump, "SECRET") || bytes.Contains(row.Sealed, []byte(secretText[:8])) {
		t.Error("the store shows the credential")
	}
	if c, ok := session.ParseCookie(one.Reveal()); !ok || c.Digest() != row.Digest {
		t.Error("the digest is not that of the cookie's bytes")
	}
	digest := row.Digest
	fromStore, ok := session.ParseCookie(session.Encoded(digest[:]))
	if !ok {
		t.Fatal("a digest is as long as a cookie")
	}
	r.wantThere("a row without its cookie", fromStore, false)

	stranger, err := session.NewCookie(strings.NewReader(strings.Repeat("x", 32)))
	if err != nil {
		t.Fatal(err)
	}
	r.wantThere("a cookie without a row", stranger, false)
	planted := stranger.Digest()
	r.change(`INSERT INTO console_sessions SELECT ?, 'planted', sealed, subject, environment, actor, method, issuer, address, user_agent,
		created, last_used, ends, expires, confirmed_until FROM console_sessions WHERE id = ?`, planted[:], first.ID)
	r.wantThere("a row that was copied to a known cookie", stranger, false)

	r.change(`UPDATE console_sessions SET sealed = (SELECT sealed FROM console_sessions AS o WHERE o.id = ?) WHERE subject = 'user bob'`, first.ID)
	r.wantThere("the credential of another session", two, false)
	r.wantThere("untouched", one, true)
	r.change(`UPDATE console_sessions SET id = 'renamed' WHERE id = ?`, first.ID)
	r.wantThere("another identifier", one, false)
	for i := range row.Sealed {
		damaged := bytes.Clone(row.Sealed)
		damaged[i] ^= 1
		r.change(`UPDATE console_sessions SET sealed = ?, id = ? WHERE digest = ?`, damaged, first.ID, row.Digest[:])
		r.wantThere(fmt.Sprint("damaged at ", i), one, false)
	}
	if len(r.heard) == 0 {
		t.Error("nobody hears that the store was changed")
	}
	if text := fmt.Sprint(r.heard); strings.Contains(text, "SECRET") {
		t.Error("what is heard has the credential in it")
	}
}

// TestConfirm. Attack: whoever has seen the cookie before goes on with it after the person has said who it is; or somebody says it
// for another. Invariant: a confirmation gives another cookie and identifier, the ones before lead nowhere, and the subject stays.
func TestConfirm(t *testing.T) {
	r := newRoom(t, session.Options{})
	p := ann()
	p.Said = false
	old, s := r.begin(p)
	if r.IsConfirmed(s) || r.IsConfirmed(nil) {
		t.Error("confirmed without a word")
	}
	for what, change := range map[string]func(*session.Person){
		"somebody else":       func(p *session.Person) { p.Subject = "user bob" },
		"another environment": func(p *session.Person) { p.Environment = "test" },
	} {
		wrong := ann()
		change(&wrong)
		if _, _, err := r.Confirm(t.Context(), old, wrong); !errors.Is(err, session.ErrOtherPerson) {
			t.Errorf("%s: %v", what, err)
		}
	}
	r.wait(10 * time.Minute)
	renewed, after, err := r.Confirm(t.Context(), old, ann())
	if err != nil {
		t.Fatal(err)
	}
	r.wantThere("the cookie before", old, false)
	r.wantThere("the cookie after", renewed, true)
	if after.ID == s.ID || !after.Created.Equal(s.Created) || !after.Expires.Equal(s.Expires) || !r.IsConfirmed(after) {
		t.Errorf("confirmed: %+v, before: %+v", after, s)
	}
	r.wait(5 * time.Minute)
	if r.IsConfirmed(after) {
		t.Error("a confirmation holds for longer than it should")
	}
	if _, _, err := r.Confirm(t.Context(), old, ann()); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("by the cookie before: %v", err)
	}
}

// TestRoom: a subject has so many sessions and the console has so many; what is over makes room.
func TestRoom(t *testing.T) {
	r := newRoom(t, session.Options{PerSubject: 2, All: 3})
	var cookies []session.Cookie
	for range 3 {
		c, _ := r.begin(ann())
		cookies = append(cookies, c)
		r.wait(time.Second)
	}
	for n, want := range []bool{false, true, true} {
		r.wantThere(fmt.Sprint("session ", n), cookies[n], want)
	}
	bob, carol := ann(), ann()
	bob.Subject, carol.Subject = "user bob", "user carol"
	r.begin(bob)
	if _, _, err := r.Begin(t.Context(), carol); !errors.Is(err, session.ErrFull) {
		t.Errorf("one too many: %v", err)
	}
	r.wait(time.Hour)
	r.begin(carol)
}

// TestNothingPrints. Attack: a log of a struct has the cookie or the credential in it. Invariant: no way of printing shows either.
func TestNothingPrints(t *testing.T) {
	r := newRoom(t, session.Options{})
	c, _ := r.begin(ann())
	f, err := r.Find(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, thing := range []any{c, &c, f, *f, f.Credential, struct{ C session.Cookie }{c}} {
		encoded, _ := json.Marshal(thing)
		for _, text := range []string{fmt.Sprint(thing), fmt.Sprintf("%+v", thing), fmt.Sprintf("%#v", thing), fmt.Sprintf("%x", thing), string(encoded)} {
			if strings.Contains(text, "SECRET") || strings.Contains(text, c.Reveal()) {
				t.Errorf("%T prints as %s", thing, text)
			}
		}
	}
}

// TestFormToken: the forms of one session are not those of another, and say nothing of the cookie.
func TestFormToken(t *testing.T) {
	r := newRoom(t, session.Options{})
	one, _ := r.begin(ann())
	two, _ := r.begin(ann())
	if !one.IsFormToken(one.FormToken()) || one.IsFormToken(two.FormToken()) || one.IsFormToken("") || one.FormToken() == one.Reveal() {
		t.Error("form tokens are not what they should be")
	}
	for _, text := range []string{"", "x", one.Reveal() + "=", one.Reveal()[:42], one.Reveal()[:42] + "\n", strings.Repeat("A", 42) + "\n", "\r" + strings.Repeat("A", 42), strings.Repeat("!", 43)} {
		if _, ok := session.ParseCookie(text); ok {
			t.Errorf("%q passes for a cookie", text)
		}
	}
}

// TestAway: a store that does not answer is a fault, never the absence of a session, and never a session.
func TestAway(t *testing.T) {
	r := newRoom(t, session.Options{})
	c, _ := r.begin(ann())
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err := r.Find(t.Context(), c); f != nil || err == nil {
		t.Errorf("found %v, %v", f, err)
	}
	if _, _, err := r.Begin(t.Context(), ann()); err == nil {
		t.Error("somebody has signed in")
	}
}

// TestRun: what is over is forgotten without anybody asking, until the end.
func TestRun(t *testing.T) {
	r := newRoom(t, session.Options{})
	c, _ := r.begin(ann())
	r.wait(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Run(ctx)
	}()
	for {
		if _, err := r.store.ConsoleSession(t.Context(), c.Digest()); errors.Is(err, session.ErrNotFound) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-ended
}

// TestSubject: a user who is called like a token is not that token, and two long names are two.
func TestSubject(t *testing.T) {
	long := strings.Repeat("x", 600)
	seen := map[string]string{}
	for name, c := range map[string]rest.Caller{
		"token":            {TokenID: "dt0c01.A", User: "ann", Kind: "dt0c01"},
		"personal":         {TokenID: "dt0c01.B", User: "ann", Kind: "dt0c01", ActsForUser: true},
		"called like":      {TokenID: "dt0c01.C", User: "dt0c01.A", ActsForUser: true},
		"called like that": {TokenID: "jwt:1", User: "token dt0c01.A", Kind: "jwt"},
		"of an issuer":     {TokenID: "jwt:2", User: "https://login.example.com#ann", Kind: "jwt"},
		"long":             {TokenID: "jwt:3", User: long + "a", Kind: "jwt"},
		"long too":         {TokenID: "jwt:4", User: long + "b", Kind: "jwt"},
	} {
		got := session.SubjectOf(&c)
		if before, taken := seen[got]; taken || len(got) > session.MaxText {
			t.Errorf("%s: %q, as %s", name, got, before)
		}
		seen[got] = name
	}
	again := rest.Caller{TokenID: "jwt:9", User: "ann", Kind: "jwt"}
	if session.SubjectOf(&again) != "user ann" {
		t.Error("a user is not the same by another token")
	}
	if session.SubjectOf(&rest.Caller{TokenID: "dt0c01.A"}) != "token dt0c01.A" {
		t.Error("a token is not shown as one")
	}
}
