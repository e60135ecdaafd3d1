package report

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed report.html.tmpl
var pageText string

var pageTemplate = template.Must(template.New("report").Parse(pageText))

// page is what the template reads. Its texts have been through shown, and the template escapes them.
type page struct {
	User     string
	Facts    []fact
	Cut      string
	Steps    []stepRow
	Sessions []sessionRow
	Calls    []callRow
}

type stepRow struct {
	Time, Actor, What string
	Changes           []string
}

type sessionRow struct{ Time, What string }

type callRow struct{ Time, Result, Method, Target, Remarks, Kind string }

// HTML writes a report as one page that needs nothing else: no script, no other file, and nothing that its texts could
// make it load. It can be printed. The error is the writer's.
func HTML(w io.Writer, r Report) error {
	p := page{User: shown(r.Request.User), Facts: r.facts(), Cut: r.Unlisted.sentence()}
	for _, s := range r.Steps {
		row := stepRow{Time: moment(s.Time), Actor: shown(s.Actor), What: s.sentence()}
		for _, c := range s.Changes {
			row.Changes = append(row.Changes, c.sentence())
		}
		p.Steps = append(p.Steps, row)
	}
	for _, s := range r.Sessions {
		p.Sessions = append(p.Sessions, sessionRow{moment(s.Began), s.sentence()})
	}
	for _, c := range r.Calls {
		p.Calls = append(p.Calls, callRow{moment(c.Time), c.result(), shown(c.Method), c.target(), c.remarks(), c.kind()})
	}
	return pageTemplate.Execute(w, p)
}

// kind is the class by which a page tells requests apart that somebody ought to look at.
func (c Call) kind() string {
	switch {
	case c.Refused:
		return "refused"
	case c.Outcome == nil || c.Damaged:
		return "unknown"
	case c.Action != "read":
		return "write"
	}
	return "read"
}
