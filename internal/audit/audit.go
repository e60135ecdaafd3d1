// Package audit is the record of who changed what, and of who tried to.
//
// An administrative change and its event are written in one transaction, so that neither exists without the other. An
// attempt that changed nothing has an event of its own, and so has what remote staff did. Events hold identifiers and masked
// values only; a secret never enters one.
//
// Events are a chain: each has a digest of itself and of the one before, so that none can be changed, removed or slipped in
// later without breaking it. Verify finds the place. The chain has no key: who can write to the medium can compute a whole
// new one. A head that was noted elsewhere, as it is printed by every verification, tells that too.
package audit

import (
	"context"
	"time"
)

// Event is one administrative change, an attempt at one, or something that was done through the gate. It is immutable once
// written; its outcome can be added once.
type Event struct {
	ID          int64     // set by the store: its place in the trail, from 1; later events have greater ones
	Time        time.Time // UTC, to the millisecond
	Environment string    // in which it was asked for; "" for the command line and for Doorward itself
	Actor       string    // token identifier, user or "cli:<system user>"; "system" for Doorward itself
	Origin      string    // address of the client; "" for the command line and for Doorward itself
	Decision    string    // identifier of the gate's decision that let the request through; "" where there was none
	Action      string    // noun and verb: "token.create", "token.disable", …
	Object      string    // identifier of the thing that changed, or was to
	Revision    int64     // set by the store: the revision at which the change holds; 0 where there is none
	Failed      bool      // nothing has changed
	Message     string    // what happened, in a sentence, masked; "" where action and object say it all
	Detail      string    // a short JSON object with what changed, masked; "" for none
	Patch       string    // what changed as RFC 6902 operations with "oldValue", a JSON array; "" for none
	Outcome     *Outcome  // what became of it, known later than all the rest; nil: not known
}

// Trail is where attempts are recorded that changed nothing. Changes are recorded by the store that makes them.
type Trail interface {
	// RecordAttempt writes a failed attempt. It uses up no revision.
	RecordAttempt(ctx context.Context, e Event) error
}
