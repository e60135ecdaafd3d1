package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/doorward/doorward/remote"
)

// maxShown bounds what one text takes up on a page, in characters. JSON has all of it.
const maxShown = 1000

// shown is a stranger's text on one line: what moves a cursor, turns the direction of writing or cannot be seen is written
// out as \u{…}, and of a long text the beginning is shown with a note of how long it is.
func shown(text string) string {
	var b strings.Builder
	count, total := 0, 0
	for _, r := range text {
		if total++; count == maxShown {
			continue
		}
		count++
		if visible(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%X}`, r)
		}
	}
	if total > count {
		fmt.Fprintf(&b, "… (%d characters)", total)
	}
	return b.String()
}

// visible reports whether a character shows itself, and nothing else than itself.
func visible(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800', unicode.ReplacementChar: // blanks that are no space, and what was no character
		return false
	}
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// moment is a time as the API writes it.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func orWord(text, word string) string {
	if text == "" {
		return word
	}
	return text
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// fact is a line at the top of a report.
type fact struct{ Name, Value string }

// facts are what there is to say of the request and the access as a whole.
func (r Report) facts() []fact {
	q := r.Request
	all := []fact{
		{"request", orWord(shown(q.ID), "-")}, {"for", orWord(shown(q.User), "-")}, {"asked", asked(q)}, {"reason", orWord(shown(q.Reason), "-")}, {"ticket", orWord(shown(q.Ticket), "-")},
		{"granted", granted(q)}, {"approved by", approvers(q)}, {"state", state(q)},
	}
	for _, p := range r.Periods {
		all = append(all, fact{"access", p.sentence()})
	}
	if len(r.Periods) == 0 {
		all = append(all, fact{"access", "none"})
	}
	if q.BreakGlass {
		all = append(all, fact{"review", review(q)})
	}
	if r.Head != "" {
		all = append(all, fact{"audit trail", "ends with " + shown(r.Head)})
	}
	if !r.Made.IsZero() {
		all = append(all, fact{"report made", moment(r.Made)})
	}
	return append(all, fact{"in all", r.Counts.sentence()})
}

func asked(q remote.Request) string {
	length := counted(q.AskedDays, "day")
	if q.BreakGlass {
		length = "an emergency"
	}
	return fmt.Sprintf("%s for %s, by %s at %s", orWord(q.AskedRole.String(), "no role"), length, orWord(shown(q.By), "unknown"), orWord(moment(q.Created), "a time unknown"))
}

func granted(q remote.Request) string {
	switch {
	case q.Expires.IsZero():
		return "nothing"
	case q.BreakGlass:
		return q.Role.String() + ", without approval"
	}
	return q.Role.String() + " for " + counted(q.Days, "day")
}

func approvers(q remote.Request) string {
	var names []string
	for _, name := range q.Approvals {
		names = append(names, shown(name))
	}
	return orWord(strings.Join(names, ", "), "nobody")
}

func state(q remote.Request) string {
	if q.Changed.IsZero() {
		return orWord(string(q.State), "-")
	}
	return fmt.Sprintf("%s since %s, by %s", q.State, moment(q.Changed), shown(q.ChangedBy))
}

func review(q remote.Request) string {
	if q.Reviewed.IsZero() {
		return "none yet; due by " + moment(q.ReviewBy)
	}
	return fmt.Sprintf("by %s at %s: %s", shown(q.ReviewedBy), moment(q.Reviewed), shown(q.Review))
}

func (p Period) sentence() string {
	from := orWord(moment(p.From), "a time unknown")
	switch p.Ended {
	case Expired:
		return fmt.Sprintf("from %s until %s, when it expired", from, moment(p.Until))
	case Revoked:
		return fmt.Sprintf("from %s until %s, when it was revoked by %s", from, moment(p.Until), orWord(shown(p.By), "unknown"))
	}
	return fmt.Sprintf("from %s, ends at %s", from, moment(p.Until))
}

func (n Counts) sentence() string {
	text := fmt.Sprintf("%s, %s: %s, %s, %d refused", counted(n.Sessions, "session"), counted(n.Calls, "request"),
		counted(n.Reads, "read"), counted(n.Writes, "write"), n.Refused)
	for _, more := range []struct {
		n    int
		what string
	}{{n.Unknown, "with an outcome that is not known"}, {n.Cut, "cut short"}, {n.Damaged, "with details that cannot be read"}} {
		if more.n > 0 {
			text += fmt.Sprintf("; %d %s", more.n, more.what)
		}
	}
	return text
}

// sentence says that the report is not all there is; "" where it is.
func (u Unlisted) sentence() string {
	if u.none() {
		return ""
	}
	return fmt.Sprintf("This report is cut: %s, %s and %s more are counted and not listed. The audit trail has them all.",
		counted(u.Steps, "change"), counted(u.Sessions, "session"), counted(u.Calls, "request"))
}

// result is the outcome of a request in a word or two.
func (c Call) result() string {
	switch {
	case c.Refused:
		return "refused"
	case c.Outcome == nil:
		return "not known"
	case c.Outcome.Status == 0:
		return "no answer"
	case c.Outcome.Cut != "":
		return strconv.Itoa(c.Outcome.Status) + " cut"
	}
	return strconv.Itoa(c.Outcome.Status)
}

// remarks are what else there is to say of a request.
func (c Call) remarks() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+shown(value))
		}
	}
	if c.Damaged {
		add("", "the details cannot be read")
	}
	if c.Refused {
		add("why: ", strings.TrimSuffix(c.Why, "."))
	}
	add("endpoint ", c.Endpoint)
	add("role ", c.Role)
	add("session ", c.Session)
	add("from ", c.Origin)
	if o := c.Outcome; o != nil {
		add("", counted(int(o.Bytes), "byte"))
		add("body sha256:", o.BodyDigest)
		add("cut: ", o.Cut)
		add("over at ", moment(o.At))
	}
	add("event ", strconv.FormatInt(c.Event, 10))
	return strings.Join(parts, ", ")
}

// target is what was asked for.
func (c Call) target() string {
	text := c.Path
	if c.Query != "" {
		text += "?" + c.Query
	}
	return shown(text)
}

func (s Session) sentence() string {
	text := "until " + orWord(moment(s.Ended), "a time that is not recorded") + ", " + counted(s.Calls, "request")
	if s.Refused {
		text = "refused: " + orWord(shown(s.Why), "no reason recorded")
	}
	text = fmt.Sprintf("%s, role %s, setting %s, from %s", text, orWord(shown(s.Role), "-"), orWord(shown(s.Setting), "-"), orWord(shown(s.Origin), "-"))
	if s.Client != s.Origin { // a gate writes the address down in both
		text += ", client " + orWord(shown(s.Client), "-")
	}
	return text + ", session " + orWord(shown(s.ID), "-")
}

func (s Step) sentence() string {
	text := shown(s.Action)
	if s.Failed {
		text += ", refused"
	}
	if s.Origin != "" {
		text += ", from " + shown(s.Origin)
	}
	if s.Message != "" {
		text += ": " + shown(s.Message)
	}
	return text
}

func (c Change) sentence() string {
	before, after := orWord(shown(c.Before), "nothing"), orWord(shown(c.After), "nothing")
	return fmt.Sprintf("%s: %s -> %s", shown(c.Name), before, after)
}
