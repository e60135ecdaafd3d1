package notify

import (
	"bytes"
	_ "embed"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// wording is how a mail begins. {who}, {role} and {days} stand for what the notice says.
type wording struct{ subject, opening string }

var wordings = map[Event]wording{
	Created:         {"{who} asks for remote access as {role}", "{who} asks for remote access as {role}{days}. Nobody has decided yet; until then there is no access."},
	PendingReminder: {"Still open: {who} asks for remote access as {role}", "{who} has asked for remote access as {role}{days}, and nobody has decided yet. Undecided requests lapse."},
	Accepted:        {"{who} has remote access as {role}", "{who} has been given remote access as {role}{days}."},
	Rejected:        {"Refused: remote access of {who}", "The request of {who} for remote access as {role} has been refused. There is no access."},
	ExpiringSoon:    {"Ends soon: remote access of {who}", "The remote access of {who} as {role} ends soon. Nothing needs to be done; whoever needs more time makes a new request."},
	Expired:         {"Ended: remote access of {who}", "The request or access of {who} as {role} has run out. There is no access any more."},
	Revoked:         {"Withdrawn: remote access of {who}", "The remote access of {who} as {role} has been withdrawn. Open connections are cut."},
	SessionStarted:  {"{who} has begun a remote session as {role}", "{who} has begun a remote session as {role}. Every request in it is recorded."},
	BreakGlass:      {"EMERGENCY ACCESS by {who} as {role}", "{who} has used emergency access as {role}. Nobody has approved it. It has to be reviewed."},
	Reviewed:        {"Reviewed: emergency access by {who}", "The emergency access of {who} as {role} has been reviewed."},
	ReviewOverdue:   {"NOT REVIEWED: emergency access by {who}", "{who} has used emergency access as {role}, and nobody has reviewed it in time."},
}

//go:embed mail.tmpl
var mailText string

var mailTemplate = template.Must(template.New("mail").Parse(mailText))

// letter is what the template reads; its texts are printable.
type letter struct {
	Opening     string
	User        string
	Escaped     string // the user's name in ASCII where it has other characters, which can be made to look like somebody else's
	Role, Means string
	Days        int
	Reason      string
	Ticket      string
	Environment string
	State       string
	Actor       string
	Time        string
	Expires     string
	RequestID   string
	Argument    string // the request's identifier where it is one that can go into a command line; else a placeholder
	Link        string
	Decide      bool // somebody has to approve or reject
	Revocable   bool // there is an access that somebody may want to withdraw
	ReviewBy    string
	Review      bool // somebody has to look at what was done
}

// compose returns the subject and the text of a mail. link is the page on which requests are decided; "" for none. A link that
// decides by itself must never be in a mail: what scans mails follows links.
func compose(n Notice, link string) (subject, text string, err error) {
	l := newLetter(n, link)
	words, ok := wordings[n.Event]
	if !ok {
		words = wording{"Remote access of {who}", "Something has happened to the remote access of {who} as {role}."}
	}
	where := "[Doorward]"
	if l.Environment != "" {
		where = "[Doorward " + l.Environment + "]"
	}
	fill := strings.NewReplacer("{who}", l.User, "{role}", l.Role, "{days}", forDays(n.Days)) // once: a name is no wording
	subject = where + " " + fill.Replace(words.subject)
	l.Opening = fill.Replace(words.opening)
	var b bytes.Buffer
	err = mailTemplate.Execute(&b, l)
	return notDecoded(printable(subject, maxSubject)), b.String(), err
}

// notDecoded keeps mail programs from decoding what a stranger has written as an encoded word (RFC 2047): what is in ASCII leaves
// as it is. The text below has the same words unchanged, because there nothing is decoded.
func notDecoded(subject string) string { return strings.ReplaceAll(subject, "=?", "= ?") }

func newLetter(n Notice, link string) letter {
	l := letter{
		User: printable(n.User, maxShort), Role: printable(n.Role, maxShort), Days: n.Days,
		Reason: printable(n.Reason, maxLong), Ticket: printable(n.Ticket, maxShort),
		Environment: printable(n.Environment, maxShort), State: printable(n.State, maxShort), Actor: printable(n.Actor, maxShort),
		Time: instant(n.Time), Expires: instant(n.Expires), ReviewBy: instant(n.ReviewBy), RequestID: printable(n.RequestID, maxShort), Link: link, Argument: "ID",
		Decide:    n.Event == Created || n.Event == PendingReminder,
		Review:    n.Event == BreakGlass || n.Event == ReviewOverdue,
		Revocable: n.Event == Accepted || n.Event == ExpiringSoon || n.Event == SessionStarted || n.Event == BreakGlass,
	}
	if role, ok := roles[n.Role]; ok {
		l.Role, l.Means = role.name, role.means
	}
	if !strings.ContainsFunc(n.RequestID, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF-", r) }) {
		l.Argument = l.RequestID
	}
	if !isASCII(l.User) {
		l.Escaped = strconv.QuoteToASCII(l.User)
	}
	return l
}

func forDays(days int) string {
	switch {
	case days <= 0:
		return ""
	case days == 1:
		return " for 1 day"
	default:
		return " for " + strconv.Itoa(days) + " days"
	}
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
