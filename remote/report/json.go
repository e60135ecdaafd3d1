package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"

	"github.com/doorward/doorward/remote"
)

// document is a report as JSON. The request's members are named as in the API; times are RFC 3339 in UTC, and left out
// where there is none.
type document struct {
	Request  requestDoc   `json:"request"`
	Made     string       `json:"made,omitempty"`
	Head     string       `json:"trailHead,omitempty"`
	Periods  []periodDoc  `json:"access"`
	Steps    []stepDoc    `json:"changes"`
	Sessions []sessionDoc `json:"sessions"`
	Calls    []callDoc    `json:"requests"`
	Counts   countsDoc    `json:"counts"`
	Unlisted unlistedDoc  `json:"unlisted"`
}

type requestDoc struct {
	ID         string       `json:"requestId"`
	User       string       `json:"userId"`
	By         string       `json:"requestedBy"`
	Reason     string       `json:"reason"`
	Ticket     string       `json:"ticket,omitempty"`
	Created    string       `json:"created"`
	AskedRole  string       `json:"askedRole"`
	AskedDays  int          `json:"askedDays"`
	Role       string       `json:"role"`
	Days       int          `json:"days"`
	State      remote.State `json:"state"`
	Changed    string       `json:"stateModified,omitempty"`
	ChangedBy  string       `json:"stateModifiedByUser,omitempty"`
	Approvals  []string     `json:"approvals"`
	Expires    string       `json:"expires,omitempty"`
	BreakGlass bool         `json:"breakGlass"`
	ReviewBy   string       `json:"reviewBy,omitempty"`
	Reviewed   string       `json:"reviewed,omitempty"`
	ReviewedBy string       `json:"reviewedByUser,omitempty"`
	Review     string       `json:"review,omitempty"`
}

type periodDoc struct {
	From  string `json:"from,omitempty"`
	Until string `json:"until"`
	Ended End    `json:"ended"`
	By    string `json:"endedBy,omitempty"`
}

type stepDoc struct {
	Event   int64       `json:"event"`
	Time    string      `json:"time"`
	Actor   string      `json:"actor"`
	Origin  string      `json:"origin,omitempty"`
	Action  string      `json:"action"`
	Message string      `json:"message,omitempty"`
	Failed  bool        `json:"failed"`
	Changes []changeDoc `json:"changes"`
}

type changeDoc struct {
	Name   string          `json:"name"`
	Before json.RawMessage `json:"oldValue,omitempty"`
	After  json.RawMessage `json:"value,omitempty"`
}

type sessionDoc struct {
	Event   int64  `json:"event"`
	ID      string `json:"session"`
	Began   string `json:"began"`
	Ended   string `json:"ended,omitempty"`
	Origin  string `json:"origin,omitempty"`
	Client  string `json:"client,omitempty"`
	Role    string `json:"role"`
	Setting string `json:"setting"`
	Calls   int    `json:"requests"`
	Refused bool   `json:"refused"`
	Why     string `json:"why,omitempty"`
}

type callDoc struct {
	Event    int64       `json:"event"`
	Time     string      `json:"time"`
	Session  string      `json:"session"`
	Origin   string      `json:"origin,omitempty"`
	Role     string      `json:"role"`
	Action   string      `json:"action"`
	Method   string      `json:"method"`
	Path     string      `json:"path"`
	Query    string      `json:"query,omitempty"`
	Endpoint string      `json:"endpoint,omitempty"`
	Refused  bool        `json:"refused"`
	Why      string      `json:"why,omitempty"`
	Damaged  bool        `json:"damaged,omitempty"`
	Outcome  *outcomeDoc `json:"outcome"` // null: not known, or none because it was refused
}

type outcomeDoc struct {
	At         string `json:"at"`
	Status     int    `json:"status"`
	Bytes      int64  `json:"bytes"`
	BodyDigest string `json:"bodySha256,omitempty"`
	Cut        string `json:"cut,omitempty"`
}

type countsDoc struct {
	Sessions int `json:"sessions"`
	Calls    int `json:"requests"`
	Reads    int `json:"reads"`
	Writes   int `json:"writes"`
	Refused  int `json:"refused"`
	Unknown  int `json:"outcomeUnknown"`
	Cut      int `json:"cut"`
	Damaged  int `json:"damaged"`
}

type unlistedDoc struct {
	Steps    int `json:"changes"`
	Sessions int `json:"sessions"`
	Calls    int `json:"requests"`
}

// JSON writes a report for programs. Texts are complete; characters that cannot be seen, or that turn the direction of
// writing, are escaped, so that a terminal shows what is there. The error is the writer's.
func JSON(w io.Writer, r Report) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(documentOf(r)); err != nil {
		return fmt.Errorf("remote access report: %w", err)
	}
	out := bufio.NewWriter(w) // it keeps the first error, and Flush gives it
	for _, c := range text.String() {
		switch {
		case c == '\n' || visible(c):
			_, _ = out.WriteRune(c)
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(out, `\u%04x\u%04x`, high, low)
		default: // nothing but texts has such characters, and encoding/json has escaped quotes and back-slashes
			fmt.Fprintf(out, `\u%04x`, c)
		}
	}
	return out.Flush()
}

func documentOf(r Report) document {
	d := document{
		Request: requestDocOf(r.Request), Made: moment(r.Made), Head: r.Head, Periods: []periodDoc{}, Steps: []stepDoc{},
		Sessions: []sessionDoc{}, Calls: []callDoc{}, Counts: countsDoc(r.Counts), Unlisted: unlistedDoc(r.Unlisted),
	}
	for _, p := range r.Periods {
		d.Periods = append(d.Periods, periodDoc{moment(p.From), moment(p.Until), p.Ended, p.By})
	}
	for _, s := range r.Steps {
		step := stepDoc{s.Event, moment(s.Time), s.Actor, s.Origin, s.Action, s.Message, s.Failed, []changeDoc{}}
		for _, c := range s.Changes {
			step.Changes = append(step.Changes, changeDoc{c.Name, json.RawMessage(c.Before), json.RawMessage(c.After)})
		}
		d.Steps = append(d.Steps, step)
	}
	for _, s := range r.Sessions {
		d.Sessions = append(d.Sessions, sessionDoc{
			s.Event, s.ID, moment(s.Began), moment(s.Ended), s.Origin, s.Client, s.Role, s.Setting, s.Calls, s.Refused, s.Why,
		})
	}
	for _, c := range r.Calls {
		d.Calls = append(d.Calls, callDocOf(c))
	}
	return d
}

func requestDocOf(q remote.Request) requestDoc {
	d := requestDoc{
		ID: q.ID, User: q.User, By: q.By, Reason: q.Reason, Ticket: q.Ticket, Created: moment(q.Created),
		AskedRole: q.AskedRole.String(), AskedDays: q.AskedDays, Role: q.Role.String(), Days: q.Days,
		State: q.State, Changed: moment(q.Changed), ChangedBy: q.ChangedBy, Approvals: q.Approvals, Expires: moment(q.Expires),
		BreakGlass: q.BreakGlass, ReviewBy: moment(q.ReviewBy), Reviewed: moment(q.Reviewed), ReviewedBy: q.ReviewedBy, Review: q.Review,
	}
	if d.Approvals == nil {
		d.Approvals = []string{}
	}
	return d
}

func callDocOf(c Call) callDoc {
	d := callDoc{
		Event: c.Event, Time: moment(c.Time), Session: c.Session, Origin: c.Origin, Role: c.Role, Action: c.Action, Method: c.Method,
		Path: c.Path, Query: c.Query, Endpoint: c.Endpoint, Refused: c.Refused, Why: c.Why, Damaged: c.Damaged,
	}
	if o := c.Outcome; o != nil {
		d.Outcome = &outcomeDoc{moment(o.At), o.Status, o.Bytes, o.BodyDigest, o.Cut}
	}
	return d
}
