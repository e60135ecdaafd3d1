package report

import (
	"encoding/json"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/remote"
)

// operation is one of a patch in the trail: RFC 6902 with the value before.
type operation struct {
	Path     string          `json:"path"`
	OldValue json.RawMessage `json:"oldValue"`
	Value    json.RawMessage `json:"value"`
}

// step takes an event about the request itself.
func (c *collector) step(e audit.Event) {
	s := Step{Event: e.ID, Time: e.Time, Actor: e.Actor, Origin: e.Origin, Action: e.Action, Message: e.Message, Failed: e.Failed}
	var operations []operation
	if e.Patch != "" && json.Unmarshal([]byte(e.Patch), &operations) != nil {
		c.report.Counts.Damaged++
	}
	for _, o := range operations {
		if string(o.OldValue) == string(o.Value) || len(o.Path) < 2 {
			continue
		}
		change := Change{Name: o.Path[1:], Before: string(o.OldValue), After: string(o.Value)}
		s.Changes = append(s.Changes, change)
		if change.Name == "state" && !e.Failed {
			c.stateChanged(e, change)
		}
	}
	if len(c.report.Steps) == MaxSteps {
		c.report.Unlisted.Steps++
		return
	}
	c.report.Steps = append(c.report.Steps, s)
}

// stateChanged begins a period of access, or ends the one that there is.
func (c *collector) stateChanged(e audit.Event, change Change) {
	var state remote.State
	_ = json.Unmarshal([]byte(change.After), &state) // what is no text is no state of ours
	last := c.lastPeriod()
	switch {
	case state == remote.Accepted && last == nil && len(c.report.Periods) < MaxSteps:
		c.report.Periods = append(c.report.Periods, Period{From: e.Time, Ended: Live})
	case state != remote.Accepted && last != nil:
		last.Until, last.By, last.Ended = e.Time, c.person(e), Revoked
		if e.Actor == remote.System {
			// The event comes when somebody has noticed; access has ended before that.
			last.Ended, last.Until = Expired, earlier(c.report.Request.Expires, e.Time)
		}
	}
}

// lastPeriod is the one that has not ended; nil where there is none.
func (c *collector) lastPeriod() *Period {
	if n := len(c.report.Periods); n > 0 && c.report.Periods[n-1].Ended == Live {
		return &c.report.Periods[n-1]
	}
	return nil
}

// person is who made a change: the request knows for the last one, where the trail may only have a token's identifier.
func (c *collector) person(e audit.Event) string {
	if r := c.report.Request; e.Time.Equal(r.Changed) && r.ChangedBy != "" {
		return r.ChangedBy
	}
	return e.Actor
}

// close says of the last period what only the request can tell: when it will end, or that time has ended it and nobody has
// noticed so far. Where the trail has nothing about it, the request alone has to do.
func (c *collector) close() {
	r := c.report.Request
	if len(c.report.Periods) == 0 && !r.Expires.IsZero() {
		p := Period{Ended: Live}
		if r.State == remote.Accepted {
			p.From = r.Changed
		}
		c.report.Periods = append(c.report.Periods, p)
	}
	last := c.lastPeriod()
	switch {
	case last == nil:
	case r.State == remote.Accepted:
		last.Until = r.Expires
	default:
		last.Until, last.By, last.Ended = r.Expires, r.ChangedBy, Revoked
		if r.ChangedBy == remote.System {
			last.Ended = Expired
		}
	}
}

// earlier is the earlier of two times, of which the first may be missing.
func earlier(a, b time.Time) time.Time {
	if !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}
