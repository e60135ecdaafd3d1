package console

import (
	"encoding/json"
	"errors"
	"net/http"
)

func (c *Console) remoteReportPages() {
	const one = remoteRequests + "/{id}/report"
	c.read("GET "+one, (*visit).showReport)
	for _, form := range reportForms {
		c.read("GET "+one+"/"+form.Name, form.download)
	}
}

// accessReport is what was done with a request, as the API tells it from the audit trail.
type accessReport struct {
	Request struct {
		ID         string   `json:"requestId"`
		User       string   `json:"userId"`
		By         string   `json:"requestedBy"`
		Reason     string   `json:"reason"`
		Ticket     string   `json:"ticket"`
		Created    string   `json:"created"`
		AskedRole  string   `json:"askedRole"`
		AskedDays  int      `json:"askedDays"`
		Role       string   `json:"role"`
		Days       int      `json:"days"`
		State      string   `json:"state"`
		Changed    string   `json:"stateModified"`
		ChangedBy  string   `json:"stateModifiedByUser"`
		Approvals  []string `json:"approvals"`
		Expires    string   `json:"expires"`
		BreakGlass bool     `json:"breakGlass"`
		ReviewBy   string   `json:"reviewBy"`
		Reviewed   string   `json:"reviewed"`
		ReviewedBy string   `json:"reviewedByUser"`
		Review     string   `json:"review"`
	} `json:"request"`
	Made    string `json:"made"`
	Head    string `json:"trailHead"`
	Periods []struct {
		From  string `json:"from"`
		Until string `json:"until"`
		Ended string `json:"ended"` // live, expired or revoked
		By    string `json:"endedBy"`
	} `json:"access"`
	Steps    []reportStep    `json:"changes"`
	Sessions []reportSession `json:"sessions"`
	Calls    []reportCall    `json:"requests"`
	Counts   struct {
		Sessions int `json:"sessions"`
		Calls    int `json:"requests"`
		Reads    int `json:"reads"`
		Writes   int `json:"writes"`
		Refused  int `json:"refused"`
		Unknown  int `json:"outcomeUnknown"`
		Cut      int `json:"cut"`
		Damaged  int `json:"damaged"`
	} `json:"counts"`
	Unlisted struct {
		Steps    int `json:"changes"`
		Sessions int `json:"sessions"`
		Calls    int `json:"requests"`
	} `json:"unlisted"`
}

// Shown is the state of the request in a word.
func (r accessReport) Shown() state { return accessRequest{State: r.Request.State}.Shown() }

type reportStep struct {
	Event   int64  `json:"event"`
	Time    string `json:"time"`
	Actor   string `json:"actor"`
	Origin  string `json:"origin"`
	Action  string `json:"action"`
	Message string `json:"message"`
	Failed  bool   `json:"failed"`
	Changes []struct {
		Name   string          `json:"name"`
		Before json.RawMessage `json:"oldValue"`
		After  json.RawMessage `json:"value"`
	} `json:"changes"`
}

// Differences are the changes for the part that shows them.
func (s reportStep) Differences() []memberChange {
	var all []memberChange
	for _, c := range s.Changes {
		all = append(all, changeOf(c.Name, c.Before, c.After))
	}
	return all
}

type reportSession struct {
	Event   int64  `json:"event"`
	ID      string `json:"session"`
	Began   string `json:"began"`
	Ended   string `json:"ended"`
	Origin  string `json:"origin"`
	Client  string `json:"client"`
	Role    string `json:"role"`
	Setting string `json:"setting"`
	Calls   int    `json:"requests"`
	Refused bool   `json:"refused"`
	Why     string `json:"why"`
}

type reportCall struct {
	Event    int64  `json:"event"`
	Time     string `json:"time"`
	Origin   string `json:"origin"`
	Role     string `json:"role"`
	Action   string `json:"action"`
	Method   string `json:"method"`
	Path     string `json:"path"`
	Query    string `json:"query"`
	Endpoint string `json:"endpoint"`
	Refused  bool   `json:"refused"`
	Why      string `json:"why"`
	Damaged  bool   `json:"damaged"`
	Outcome  *struct {
		Status int    `json:"status"`
		Bytes  int64  `json:"bytes"`
		Digest string `json:"bodySha256"`
		Cut    string `json:"cut"`
	} `json:"outcome"`
}

// Target is the path with its query, as far as it fits into a table. The page of the event has all of it.
func (c reportCall) Target() string {
	if c.Query != "" {
		return gist(c.Path + "?" + c.Query)
	}
	return gist(c.Path)
}

// Mark is a colour for what is worth a look.
func (c reportCall) Mark() string {
	switch {
	case c.Refused || c.Damaged:
		return "bad"
	case c.Action != "read":
		return "warn"
	}
	return ""
}

func (v *visit) reportPath() string {
	return to(remotePath+"/requests", v.r.PathValue("id"), "report")
}

func (v *visit) report() (*accessReport, error) {
	r := new(accessReport)
	return r, v.api.Get(v.reportPath(), nil, r)
}

// reportPage is what the template gets.
type reportPage struct {
	Report  accessReport
	TooLong bool // to be shown here; it can be downloaded
	Here    string
	Forms   []reportForm
	Listing *Listing
	Calls   []reportCall // of this page

	MoreSteps, MoreSessions int // that are in the downloads only
}

// maxPast bounds how many steps and sessions are shown. A request has few, unless somebody wants its page to be long.
const maxPast = 50

func (v *visit) showReport() error {
	here := to(remoteRequests, v.r.PathValue("id"))
	content := reportPage{Here: here, Forms: reportForms, Listing: v.readListing(here + "/report")}
	r, err := v.report()
	switch {
	case errors.Is(err, errTooLong):
		content.TooLong = true
	case err != nil:
		return err
	default:
		content.MoreSteps = max(len(r.Steps)-maxPast, 0) + r.Unlisted.Steps
		content.MoreSessions = max(len(r.Sessions)-maxPast, 0) + r.Unlisted.Sessions
		r.Steps, r.Sessions = r.Steps[:min(len(r.Steps), maxPast)], r.Sessions[:min(len(r.Sessions), maxPast)]
		content.Report = *r
		content.Calls = window(content.Listing, r.Calls, nil)
	}
	return v.show(http.StatusOK, "remote_report", Page{
		Title: "What was done", Section: remoteSection, Content: content, Outcomes: requestOutcomes(here),
	})
}
