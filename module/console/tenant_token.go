package console

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// tenantPages are the pages of the tenant token: the secret of the environment that all of its agents report data with. It is
// replaced in three steps, between which both texts are good.
type tenantPages struct{}

const (
	tenantPage   = "/tenant-token"
	rotationPath = "/api/v2/tenantTokenRotation/"
)

func (c *Console) tenantTokenPages() {
	var p tenantPages
	c.read("GET "+tenantPage, needsKey(p.show))
	c.dangerous(tenantPage+"/reveal", needsKey(p.askReveal), needsKey(p.reveal))
	c.dangerous(tenantPage+"/start", needsKey(p.askStart), needsKey(p.start))
	c.dangerous(tenantPage+"/finish", needsKey(p.askFinish), needsKey(p.end("finish", "finished")))
	c.dangerous(tenantPage+"/cancel", needsKey(p.askCancel), needsKey(p.end("cancel", "cancelled")))
}

// tenantDetail is what the template gets.
type tenantDetail struct {
	Rotating    bool
	Refusal     *Refusal // of the status; nil: it is known
	Steps       []rotationStep
	Environment string
	Past        []rotationEvent // the newest first; none where the audit log may not be read
	Try         string          // a command that asks how agents connect, with a place for a PaaS token
}

// rotationStep is one of the three. State is "done", "current" or "next".
type rotationStep struct{ Name, State, Word, Text string }

var stepWords = map[string]string{"done": "Done", "current": "Now", "next": "Not yet"}

// rotationSteps are the steps, of which the first is current where no rotation runs.
func rotationSteps(rotating bool) []rotationStep {
	steps := []rotationStep{
		{Name: "Start", State: "current", Text: "A new tenant token is made. The old one stays good."},
		{Name: "Roll out", State: "next", Text: "Agents and ActiveGates are given the new one. They get in with either."},
		{Name: "Finish", State: "next", Text: "The old one is void. Agents that still have it are refused."},
	}
	if rotating {
		steps[0].State, steps[1].State = "done", "current"
	}
	for i := range steps {
		steps[i].Word = stepWords[steps[i].State]
	}
	if !rotating {
		steps[0].Word = "Next" // nothing is being done yet
	}
	return steps
}

func (p tenantPages) show(v *visit) error {
	rotating, err := p.rotating(v)
	content := tenantDetail{Rotating: rotating, Refusal: refused(err), Steps: rotationSteps(rotating), Try: v.curl("PAAS-TOKEN", connectionPath)}
	// Without the right to rotate, the page still says how agents connect. A store that is away is a page of its own.
	if err != nil && !isRefusal(err, http.StatusForbidden) {
		return err
	}
	here, err := v.place()
	if err != nil {
		return err
	}
	content.Environment = here.Environment
	content.Past = p.past(v)
	return v.show(http.StatusOK, "tenant_token", Page{Title: "Tenant token", Section: "tenant", Content: content, Outcomes: tenantOutcomes})
}

func (p tenantPages) rotating(v *visit) (bool, error) {
	var answer struct {
		Status string `json:"status"`
	}
	err := v.api.Get(rotationPath+"status", nil, &answer)
	return answer.Status == "ACTIVE", err
}

// rotationEvent is a step that somebody took.
type rotationEvent struct {
	At   time.Time
	Word string
	By   string
}

var rotationWords = map[string]string{"tenanttoken.start": "Started", "tenanttoken.finish": "Finished", "tenanttoken.cancel": "Cancelled"}

// past is from the audit log, which the page can do without.
func (p tenantPages) past(v *visit) []rotationEvent {
	var all []rotationEvent
	for action, word := range rotationWords {
		all = append(all, p.pastOf(v, action, word)...)
	}
	slices.SortFunc(all, func(a, b rotationEvent) int { return b.At.Compare(a.At) })
	return all[:min(len(all), shownSteps)]
}

// shownSteps is how many steps of former rotations are shown.
const shownSteps = 6

func (p tenantPages) pastOf(v *visit, action, word string) []rotationEvent {
	var page struct {
		Entries []struct {
			User      string `json:"user"`
			Timestamp int64  `json:"timestamp"`
		} `json:"auditLogs"`
	}
	query := url.Values{"filter": {"action(" + quote(action) + `),success("true")`}, "from": {"now-1y"}, "pageSize": {"6"}}
	if v.api.Get("/api/v2/auditlogs", query, &page) != nil {
		return nil
	}
	var found []rotationEvent
	for _, e := range page.Entries {
		found = append(found, rotationEvent{time.UnixMilli(e.Timestamp), word, e.User})
	}
	return found
}

// tenantRotation is the answer to a step.
type tenantRotation struct {
	Active tenantText `json:"active"`
	Old    tenantText `json:"old"`
}

type tenantText struct {
	Value string `json:"value"`
}

func (p tenantPages) askStart(v *visit) error {
	return v.confirm("tenant", confirmation{
		Title: "Start a rotation?", Question: "A new tenant token is made, and shown once on the page that follows.",
		Consequences: []string{
			"The old one stays good until you finish: no agent is refused.",
			"Until then you can cancel, and the old one is the only one again.",
		},
		Action: tenantPage + "/start", Cancel: tenantPage, Button: "Start the rotation", Harmless: true,
	})
}

func (p tenantPages) start(v *visit) error {
	var now tenantRotation
	if err := v.api.Call(http.MethodPost, rotationPath+"start", nil, &now); err != nil {
		return err
	}
	return v.revealOnce("tenant", shownOnce{
		Title: "The rotation has started",
		Texts: []shownText{{"secret", "New tenant token", now.Active.Value}},
		Lead:  "Give this to all agents and ActiveGates of the environment. Whoever has it can report data as one of them. Both tokens are good until you finish the rotation.",
		After: "Installers that are downloaded from now on have it already.",
		Next:  tenantPage, NextLabel: "To the rotation",
	})
}

func (p tenantPages) askFinish(v *visit) error {
	return v.confirm("tenant", confirmation{
		Title: "Finish the rotation?", Question: "From the moment on only the new tenant token is good.",
		Consequences: []string{
			"Agents and ActiveGates that still have the old one are refused, and report nothing until they are given the new one.",
			"This cannot be undone: the old one is gone.",
		},
		Action: tenantPage + "/finish", Cancel: tenantPage, Button: "Finish the rotation",
	})
}

func (p tenantPages) askCancel(v *visit) error {
	return v.confirm("tenant", confirmation{
		Title: "Cancel the rotation?", Question: "The new tenant token is thrown away, and the old one is the only one again.",
		Consequences: []string{
			"Agents and ActiveGates that have the new one already are refused.",
			"This cannot be undone: another rotation makes another token.",
		},
		Action: tenantPage + "/cancel", Cancel: tenantPage, Button: "Cancel the rotation",
	})
}

// end takes the last step. What the answer shows once more is of no use then, so it stays unread.
func (p tenantPages) end(step, outcome string) serve {
	return func(v *visit) error {
		if err := v.api.Call(http.MethodPost, rotationPath+step, nil, nil); err != nil {
			return err
		}
		return v.done(tenantPage, outcome)
	}
}

func (p tenantPages) askReveal(v *visit) error {
	return v.confirm("tenant", confirmation{
		Title: "Show the tenant token?", Question: "Whoever has it can report data as any agent of the environment.",
		Consequences: []string{"Where there is none yet, it is made.", "Anybody who sees your screen sees it as well."},
		Action:       tenantPage + "/reveal", Cancel: tenantPage, Button: "Show it", Harmless: true,
	})
}

// reveal shows the current text. It is the one secret that the gateway can show again, since installers need it.
func (p tenantPages) reveal(v *visit) error {
	var info struct {
		Environment string `json:"tenantUUID"`
		Token       string `json:"tenantToken"`
	}
	if err := v.api.Get(connectionPath, nil, &info); err != nil {
		return err
	}
	return v.revealOnce("tenant", shownOnce{
		Title: "The tenant token",
		Texts: []shownText{{"environment", "Environment (tenant UUID)", info.Environment}, {"secret", "Tenant token", info.Token}},
		Lead:  "Whoever has this can report data as any agent of the environment. Where somebody has it who should not, rotate it.",
		Next:  tenantPage, NextLabel: "Back",
	})
}

var tenantOutcomes = map[string]Outcome{
	"finished":  {Message: "The rotation is finished: only the new tenant token is good."},
	"cancelled": {Message: "The rotation was cancelled: only the old tenant token is good."},
}
