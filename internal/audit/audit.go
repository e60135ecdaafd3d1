// Package audit is the record of who changed what.
//
// An administrative change and its event are written in one transaction, so that neither exists without the other.
// Events hold identifiers and masked values only; a secret never enters one.
package audit

import "time"

// Event is one administrative change. It is immutable once written.
type Event struct {
	Time     time.Time
	Actor    string // token identifier, user or "cli:<system user>"; "system" for Doorward itself
	Action   string // "token.create", "token.disable", …
	Object   string // identifier of the thing that changed
	Revision int64  // set by the store: the revision at which the change holds
	Detail   string // a short JSON object with what changed, masked; "" for none
}
