package module

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// standIn is a store that nothing is written to, and in which one token has a secret that was made up a moment ago. So the
// gate verifies a token whose secret nobody knows by the code that verifies every other.
type standIn struct {
	store.Store
	record tokens.Record
}

// Token is part of tokens.Store.
func (s *standIn) Token(ctx context.Context, id string) (tokens.Record, error) {
	if s.record.ID == id && !s.record.Legacy {
		return s.record, nil
	}
	return s.Store.Token(ctx, id)
}

// LegacyToken is part of tokens.Store.
func (s *standIn) LegacyToken(ctx context.Context, digest tokens.Digest) (tokens.Record, error) {
	if s.record.Legacy && s.record.Digest.Equal(digest) {
		return s.record, nil
	}
	return s.Store.LegacyToken(ctx, digest)
}

// RecordUses is part of tokens.Store. A rehearsal is no use of a token.
func (*standIn) RecordUses(context.Context, []tokens.Use) error { return nil }

// RecordScopeUses is part of tokens.Store.
func (*standIn) RecordScopeUses(context.Context, []tokens.ScopeUse) error { return nil }

// RecordAttempt is part of tokens.Store.
func (*standIn) RecordAttempt(context.Context, audit.Event) error { return nil }

// Record is part of audit.Journal. What is rehearsed is never done.
func (*standIn) Record(context.Context, audit.Event) (int64, error) { return 0, nil }

// Conclude is part of audit.Journal.
func (*standIn) Conclude(context.Context, int64, audit.Outcome) error { return nil }

// Outbox is one that takes nothing in: nobody is told of a rehearsal.
func (s *standIn) Outbox() notify.Outbox { return silent{s.Store.Outbox()} }

type silent struct{ notify.Outbox }

// Add is part of notify.Outbox.
func (silent) Add(context.Context, notify.Batch) error { return nil }

// authorize gives the request its credential.
func (run *rehearsal) authorize(ctx context.Context, r *http.Request) error {
	asked := run.request
	text := asked.Token.Reveal()
	var err error
	switch {
	case text != "":
		if jwt.Shaped(text) {
			return fault.New(fault.Invalid, "A JWT cannot be explained: the keys of its issuer would have to be fetched.", nil)
		}
	case asked.TokenID != "":
		text, err = run.borrow(ctx, asked.TokenID)
	case asked.User != "":
		text, err = run.impersonate(r)
	default:
		err = fault.New(fault.Invalid, "Nothing says whose request it is.", nil)
	}
	if err != nil {
		return err
	}
	r.Header["Authorization"] = []string{run.scheme(text) + " " + text}
	return nil
}

// scheme is one under which tokens like this are taken; for a kind that is never taken, any.
func (run *rehearsal) scheme(text string) string {
	prefix, _, _ := strings.Cut(text, ".")
	if f, known := run.formats.Lookup(prefix); known && f.Accepts(tokens.Bearer) && !f.Accepts(tokens.APIToken) {
		return tokens.Bearer.String()
	}
	return tokens.APIToken.String()
}

// borrow has the store's stand-in know a token under a new secret, and returns its text.
func (run *rehearsal) borrow(ctx context.Context, id string) (string, error) {
	record, err := run.store.Store.Token(ctx, id)
	if errors.Is(err, tokens.ErrNotFound) {
		return "", fault.New(fault.NotFound, "There is no such token.", nil)
	}
	if err != nil {
		return "", err
	}
	prefix, _, _ := strings.Cut(id, ".")
	minted, err := run.mint(prefix)
	if err != nil {
		return "", err
	}
	secret := lastPart(minted.Secret.Reveal())
	record.Digest = tokens.DigestOf(secret)
	run.store.record = record
	if record.Legacy {
		return secret, nil
	}
	return id + "." + secret, nil
}

// impersonate makes up a personal token of the user: with every scope there is, so that policies alone decide, and good
// for the environment that the request turns out to be for.
func (run *rehearsal) impersonate(r *http.Request) (string, error) {
	minted, err := run.mint(defaultPrefix)
	if err != nil {
		return "", err
	}
	x := run.handler.begin(&unread{header: http.Header{}}, r.Clone(r.Context()))
	x.readTarget() // where it is refused, no token is asked for
	run.store.record = tokens.Record{
		ID: minted.ID, Digest: minted.Digest, Name: "explained", Owner: run.request.User, Environment: x.environment,
		Personal: true, Cluster: true, Enabled: true, Created: time.Unix(0, 0),
	}
	for _, e := range run.handler.table.All() {
		run.store.record.Scopes = append(run.store.record.Scopes, e.Scopes...)
	}
	return minted.Secret.Reveal(), nil
}

const defaultPrefix = "dt0c01"

// mint makes a token of a kind, or one of the usual kind where none of that are made.
func (run *rehearsal) mint(prefix string) (tokens.Minted, error) {
	minted, err := run.formats.Mint(prefix, rand.Reader)
	if errors.Is(err, tokens.ErrNotMintable) {
		return run.formats.Mint(defaultPrefix, rand.Reader)
	}
	return minted, err
}

func lastPart(text string) string { return text[strings.LastIndexByte(text, '.')+1:] }
