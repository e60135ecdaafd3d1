// Package remote decides how far, and for how long, remote support staff get in.
//
// A [Setting] says whether staff get in at all. Where it asks for approval, a [Request] has to be accepted first, and is a
// grant from then on until the instant at which it expires. The [Limit] holds what is true now and answers each call of a
// staff member with a [Verdict]. It is a ceiling: it takes away, and never adds to what tokens and policies allow.
//
// The [Service] administers requests and the setting over a [Store]; what may become of a request is one table, in
// transition.go. Package remotetest has the contract of the store as tests, and a store in memory.
package remote
