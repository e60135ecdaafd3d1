package report

import (
	"cmp"
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/remote"
)

// Actions of the audit trail that a report knows. Of those of requests the rest is the word for what was asked.
const (
	actionLogin  = "session.login"
	actionLogout = "session.logout"
	actionCall   = "remote_access."
	actionRead   = "remote_access.read"
)

// Of makes the report of a request, as it stands now, from events about it in any order.
func Of(request remote.Request, events []audit.Event) Report {
	ordered := slices.SortedStableFunc(slices.Values(events), func(a, b audit.Event) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), a.Time.Compare(b.Time))
	})
	r, _ := Collect(request, func(yield func([]audit.Event, error) bool) { yield(ordered, nil) }) // no page has an error
	return r
}

// Collect makes the report of a request, as it stands now, from pages of events, oldest first. It holds no more of them than
// a report lists. Events about anything else are passed over. An error of a page ends it and is returned as it is: half a
// report would say that nothing else has happened.
func Collect(request remote.Request, pages iter.Seq2[[]audit.Event, error]) (Report, error) {
	c := collector{report: Report{Request: request.Detached()}, sessions: map[string]int{}}
	for page, err := range pages {
		if err != nil {
			return Report{}, err
		}
		for _, e := range page {
			if e.Object == request.ID {
				c.add(e)
			}
		}
	}
	c.close()
	return c.report, nil
}

// collector is a report in the making.
type collector struct {
	report        Report
	sessions      map[string]int // where those that are listed stand, by identifier
	reads, others int            // listed
}

func (c *collector) add(e audit.Event) {
	switch {
	case e.Action == actionLogin:
		c.login(e)
	case e.Action == actionLogout:
		c.logout(e)
	case strings.HasPrefix(e.Action, actionCall):
		c.call(e)
	default:
		c.step(e)
	}
}

// detail is what the trail keeps of a session or a request beside what every event has.
type detail struct {
	Role     string `json:"role"`
	Setting  string `json:"setting"`
	Session  string `json:"session"`
	Client   string `json:"client"`
	Method   string `json:"method"`
	Path     string `json:"path"`
	Endpoint string `json:"endpoint"`
	Query    string `json:"query"`
}

// detailOf reads the details. An event whose details are damaged is listed all the same.
func (c *collector) detailOf(e audit.Event) (d detail, ok bool) {
	if json.Unmarshal([]byte(e.Detail), &d) != nil {
		c.report.Counts.Damaged++
		return detail{}, false
	}
	return d, true
}

func (c *collector) login(e audit.Event) {
	d, _ := c.detailOf(e)
	c.report.Counts.Sessions++
	if len(c.report.Sessions) == MaxSessions {
		c.report.Unlisted.Sessions++
		return
	}
	c.sessions[d.Session] = len(c.report.Sessions)
	c.report.Sessions = append(c.report.Sessions, Session{
		Event: e.ID, ID: d.Session, Began: e.Time, Origin: e.Origin, Client: d.Client, Role: d.Role, Setting: d.Setting,
		Refused: e.Failed, Why: e.Message,
	})
}

func (c *collector) logout(e audit.Event) {
	d, _ := c.detailOf(e)
	if at, listed := c.sessions[d.Session]; listed {
		c.report.Sessions[at].Ended = e.Time
	}
}

func (c *collector) call(e audit.Event) {
	d, ok := c.detailOf(e)
	call := Call{
		Event: e.ID, Time: e.Time, Session: d.Session, Origin: e.Origin, Role: d.Role, Action: strings.TrimPrefix(e.Action, actionCall),
		Method: d.Method, Path: d.Path, Query: d.Query, Endpoint: d.Endpoint, Refused: e.Failed, Why: e.Message, Damaged: !ok,
		Outcome: outcomeOf(e),
	}
	c.count(call)
	if at, listed := c.sessions[d.Session]; listed && ok {
		c.report.Sessions[at].Calls++
	}
	listed, most := &c.others, MaxOthers
	if e.Action == actionRead && !e.Failed && ok {
		listed, most = &c.reads, MaxReads
	}
	if *listed == most {
		c.report.Unlisted.Calls++
		return
	}
	*listed++
	c.report.Calls = append(c.report.Calls, call)
}

func outcomeOf(e audit.Event) *Outcome {
	if e.Outcome == nil {
		return nil
	}
	o := e.Outcome
	return &Outcome{At: o.At, Status: o.Status, Bytes: o.Bytes, BodyDigest: o.BodyDigest, Cut: o.Cut}
}

func (c *collector) count(call Call) {
	n := &c.report.Counts
	n.Calls++
	if call.Refused {
		n.Refused++
		return
	}
	if call.Action == "read" {
		n.Reads++
	} else {
		n.Writes++
	}
	if call.Outcome == nil {
		n.Unknown++
	} else if call.Outcome.Cut != "" {
		n.Cut++
	}
}
