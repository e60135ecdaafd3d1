package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/audit"
)

// TouchEvery is how far the noted time of use may be behind, so that reading a page is rarely a write.
const TouchEvery = time.Minute

// ErrOtherPerson says that somebody else has confirmed a session than its person.
var ErrOtherPerson = errors.New("session: confirmed by somebody else")

// ErrEnded says that a credential has ended before the session could begin.
var ErrEnded = errors.New("session: the credential has ended")

// Options are the bounds of sessions. Zero values stand for the defaults.
type Options struct {
	Idle      time.Duration // without a request a session ends. Default: 30 minutes
	Longest   time.Duration // a session ends, used or not. Default: 8 hours
	Confirmed time.Duration // a confirmation holds. Default: 5 minutes

	PerSubject int // sessions of one subject in one environment; one more ends the first. Default: 20
	All        int // sessions. Default: 10,000

	Now    func() time.Time // default time.Now
	Random io.Reader        // default crypto/rand.Reader
	// OnError hears what nobody waits for: that a use could not be noted. It must not block. Default: nobody hears.
	OnError func(error)
}

// Keeper begins, finds and ends sessions. It keeps nothing itself, so there may be several of them over one store. It is safe for
// concurrent use.
type Keeper struct {
	store Store
	opt   Options
}

// NewKeeper is over a store.
func NewKeeper(store Store, opt Options) *Keeper {
	opt.Idle = cmp.Or(max(opt.Idle, 0), 30*time.Minute)
	opt.Longest = cmp.Or(max(opt.Longest, 0), 8*time.Hour)
	opt.Confirmed = cmp.Or(max(opt.Confirmed, 0), 5*time.Minute)
	opt.PerSubject = cmp.Or(max(opt.PerSubject, 0), 20)
	opt.All = cmp.Or(max(opt.All, 0), 10_000)
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Random == nil {
		opt.Random = rand.Reader
	}
	if opt.OnError == nil {
		opt.OnError = func(error) {}
	}
	return &Keeper{store, opt}
}

// Person is somebody whose credential the gate has taken just now.
type Person struct {
	Subject     string // by SubjectOf
	Environment string
	Actor       string // in the words of the audit trail
	Method      string // MethodToken or MethodOIDC
	Issuer      string
	Address     string
	UserAgent   string
	Credential  Credential
	Expires     time.Time // of the credential; zero: never
	// Said tells that the person has said just now who it is, with a secret or to its issuer, and not that a browser remembered it.
	Said bool
}

// Found is a session that a cookie belongs to.
type Found struct {
	Session     Session
	Credential  Credential
	Environment string
	Actor       string
}

// Begin signs somebody in. The cookie is new: none that a browser had before leads to the session. ErrEnded, ErrFull, or a fault.
func (k *Keeper) Begin(ctx context.Context, p Person) (Cookie, *Session, error) {
	cookie, r, err := k.record(p, k.now())
	if err != nil {
		return Cookie{}, nil, err
	}
	room := Room{PerSubject: k.opt.PerSubject, All: k.opt.All, Displaced: p.event(r.Created, "session.logout", "")}
	room.Displaced.Message = "Ended: there were more sessions of one subject than there is room for."
	e := p.event(r.Created, "session.login", r.ID)
	e.Message = "Signed in to the console " + p.how() + "."
	err = k.store.CreateConsoleSession(ctx, r, room, e)
	if errors.Is(err, ErrFull) {
		if _, err := k.Forget(ctx); err != nil {
			return Cookie{}, nil, err
		}
		err = k.store.CreateConsoleSession(ctx, r, room, e)
	}
	if err != nil {
		return Cookie{}, nil, err
	}
	return cookie, &r.Session, nil
}

// Confirm notes that the person of a session has said once more who it is. The session gets another identifier and another
// cookie; the one before leads nowhere. The credential is p's from now on. ErrOtherPerson; ErrEnded; ErrNotFound where the session
// has ended; or a fault.
func (k *Keeper) Confirm(ctx context.Context, old Cookie, p Person) (Cookie, *Session, error) {
	before, err := k.Find(ctx, old)
	switch {
	case err != nil:
		return Cookie{}, nil, err
	case before == nil:
		return Cookie{}, nil, ErrNotFound
	case p.Subject != before.Session.Subject || p.Environment != before.Environment:
		return Cookie{}, nil, ErrOtherPerson
	}
	p.Said = true
	cookie, r, err := k.record(p, before.Session.Created)
	if err != nil {
		return Cookie{}, nil, err
	}
	e := p.event(k.now(), "session.confirm", r.ID)
	e.Message = "Said once more who it is, " + p.how() + "."
	if err := k.store.RenewConsoleSession(ctx, old.Digest(), r, e); err != nil {
		return Cookie{}, nil, err
	}
	return cookie, &r.Session, nil
}

// record is a session that began at a time, with a new cookie.
func (k *Keeper) record(p Person, created time.Time) (Cookie, Record, error) {
	now := k.now()
	cookie, err := NewCookie(k.opt.Random)
	if err != nil {
		return Cookie{}, Record{}, err
	}
	id, err := k.newID()
	if err != nil {
		return Cookie{}, Record{}, err
	}
	r := Record{
		Session: Session{
			ID: id, Subject: bounded(p.Subject), Method: p.Method, Issuer: bounded(p.Issuer), Address: bounded(p.Address),
			UserAgent: bounded(p.UserAgent), Created: created, LastUsed: now, Expires: created.Add(k.opt.Longest),
		},
		Digest: cookie.Digest(), Environment: bounded(p.Environment), Actor: bounded(p.Actor),
	}
	if !p.Expires.IsZero() && p.Expires.Before(r.Expires) {
		r.Expires = p.Expires.UTC().Truncate(time.Millisecond)
	}
	if !r.Expires.After(now) {
		return Cookie{}, Record{}, ErrEnded
	}
	r.Ends = k.ends(now, r.Expires)
	if p.Said {
		r.ConfirmedUntil = now.Add(k.opt.Confirmed)
	}
	r.Sealed, err = cookie.seal(p.Credential, id)
	return cookie, r, err
}

func (k *Keeper) newID() (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(k.opt.Random, id[:]); err != nil {
		return "", fmt.Errorf("session: no random bytes: %w", err)
	}
	return hex.EncodeToString(id[:]), nil
}

// Find is the session of a cookie; nil where there is none, where it has ended, and where what the store has was not sealed for
// this cookie and session. An error is a fault: nobody knows.
func (k *Keeper) Find(ctx context.Context, c Cookie) (*Found, error) {
	digest := c.Digest()
	r, err := k.store.ConsoleSession(ctx, digest)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	now := k.now()
	// The last of them is for a session that was used while there was more patience.
	if !r.Digest.Equal(digest) || !r.Expires.After(now) || !r.Ends.After(now) || !r.LastUsed.After(now.Add(-k.opt.Idle)) {
		return nil, nil
	}
	credential, err := c.open(r.Sealed, r.ID)
	if err != nil {
		k.opt.OnError(fmt.Errorf("session %s: %w", r.ID, err)) // somebody has changed the store
		return nil, nil
	}
	if !r.LastUsed.After(now.Add(-TouchEvery)) {
		r.LastUsed, r.Ends = now, k.ends(now, r.Expires)
		if err := k.store.TouchConsoleSession(ctx, digest, r.LastUsed, r.Ends); err != nil {
			k.opt.OnError(err)
		}
	}
	return &Found{r.Session, credential, r.Environment, r.Actor}, nil
}

// IsConfirmed reports whether the person of a session has said lately who it is.
func (k *Keeper) IsConfirmed(s *Session) bool { return s != nil && s.ConfirmedUntil.After(k.now()) }

// End signs the person of a session out, and says why in the trail; "" for its own wish. It is no error if it has ended already.
func (k *Keeper) End(ctx context.Context, f *Found, why string) error {
	p := Person{Environment: f.Environment, Actor: f.Actor, Address: f.Session.Address}
	e := p.event(k.now(), "session.logout", f.Session.ID)
	e.Message = why
	if err := k.store.EndConsoleSession(ctx, f.Session.ID, Whose{}, e); !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// Forget removes what is over, and says how many sessions that were.
func (k *Keeper) Forget(ctx context.Context) (int, error) {
	return k.store.ForgetConsoleSessions(ctx, k.now())
}

// forgetEvery is the time between two rounds of Run.
const forgetEvery = 5 * time.Minute

// Run forgets what is over from time to time, until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(forgetEvery)
	defer tick.Stop()
	for {
		if _, err := k.Forget(ctx); err != nil && ctx.Err() == nil {
			k.opt.OnError(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ends is when a session ends that was used at a time.
func (k *Keeper) ends(used, expires time.Time) time.Time {
	if idle := used.Add(k.opt.Idle); idle.Before(expires) {
		return idle
	}
	return expires
}

func (k *Keeper) now() time.Time { return k.opt.Now().UTC().Truncate(time.Millisecond) }

func (p Person) event(now time.Time, action, object string) audit.Event {
	return audit.Event{Time: now, Environment: p.Environment, Actor: p.Actor, Origin: p.Address, Action: action, Object: object}
}

func (p Person) how() string {
	if p.Method == MethodOIDC {
		return "at the issuer " + p.Issuer
	}
	return "with a token"
}

// bounded is text as the store takes it.
func bounded(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), MaxText)], "")
}
