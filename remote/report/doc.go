// Package report tells what became of one request for remote access, and of all that was done with it: a transparency
// report for whoever let somebody in.
//
// [Of] and [Collect] make a [Report] of a request and its events in the audit trail. [JSON], [Text] and [HTML] write it. What
// is in a report was typed, or sent, by people who need not be trusted: it is shown so that it does nothing, neither in a
// terminal nor in a browser. Secrets are masked before events are written, and a report adds nothing to them.
package report
