package console

import (
	"net/http"
	"slices"
	"strconv"
)

func (c *Console) remoteRequestPages() {
	const one = remoteRequests + "/{id}"
	c.read("GET "+one, (*visit).showRequest)
	c.write("POST "+one+"/approve", (*visit).approve)
	c.write("POST "+one+"/reject", decide(stateRejected, "rejected"))
	c.write("POST "+one+"/reopen", decide(statePending, "reopened"))
	c.read("GET "+one+"/revoke", (*visit).askRevoke)
	c.write("POST "+one+"/revoke", decide(stateExpired, "revoked"))
	c.read("GET "+one+"/review", (*visit).askReview)
	c.write("POST "+one+"/review", (*visit).review)
}

// requestPage is what the template of one request gets.
type requestPage struct {
	Request accessRequest
	Here    string // path of the page
	Form    *form
	Role    Field
	Days    Field
	Roles   []Choice      // that can be granted: no stronger than was asked for
	Reach   *rolesCompare // what they may do; nil where that is not to be had
}

func (v *visit) showRequest() error { return v.showRequestWith(http.StatusOK, &form{}) }

// showRequestWith shows a request as it stands now, whatever a form was about that was refused.
func (v *visit) showRequestWith(status int, f *form) error {
	r, err := v.request()
	if isRefusal(err, http.StatusForbidden) && f.Refusal == nil && v.isClosed() {
		return v.done(to(remoteRequests, v.r.PathValue("id"), "report"), "")
	}
	if err != nil {
		return err
	}
	here := to(remoteRequests, r.ID)
	content := requestPage{Request: *r, Here: here, Form: f}
	for _, role := range rolesUpTo(r.Asked()) {
		content.Roles = append(content.Roles, Choice{role, role})
	}
	if !f.has("role") {
		f.set("role", r.Role)
	}
	if !f.has("requestedDays") {
		f.set("requestedDays", strconv.Itoa(r.Days))
	}
	content.Role = f.Field("role", "Role", "As asked, or a weaker one.")
	content.Days = f.Needed("requestedDays", "Days", "As many as were asked for, or fewer. They begin with the approval.")
	if r.Pending() || r.Live() {
		content.Reach = v.compareRoles(rolesUpTo(r.Asked()))
	}
	return v.show(status, "remote_request", Page{Title: "Access of " + r.User, Section: remoteSection, Content: content, Outcomes: requestOutcomes(here)})
}

// isClosed reports whether the setting asks for no approval. The API tells of no requests then, but of what was done.
func (v *visit) isClosed() bool {
	setting, err := v.remoteSetting()
	return err == nil && !setting.Asks()
}

func (v *visit) request() (*accessRequest, error) {
	r := new(accessRequest)
	return r, v.api.Get(to(remoteRequestsPath, v.r.PathValue("id")), nil, r)
}

func requestOutcomes(here string) map[string]Outcome {
	return map[string]Outcome{
		"approved": {Message: "Approved. The time runs from now on.", Undo: here + "/reopen"},
		"first":    {Message: "Your approval is noted. Somebody else has to approve as well before anybody gets in."},
		"granted":  {Message: "The access is granted, and its time runs from now on."},
		"rejected": {Message: "The request was rejected.", Undo: here + "/reopen"},
		"reopened": {Message: "The request is pending. Nobody gets in with it."},
		"revoked":  {Message: "The access has ended. Connections that were open are cut within a second."},
		"reviewed": {Message: "Your review is noted."},
		"asked":    {Message: "The request is pending: somebody has to approve it."},
	}
}

// remoteDecision is what the API is told about a request.
type remoteDecision struct {
	State string `json:"state"`
	If    string `json:"ifState,omitempty"` // as the person has seen it
	Role  string `json:"role,omitempty"`
	Days  any    `json:"requestedDays,omitempty"`
}

func (v *visit) decideOn(d remoteDecision) error {
	return v.api.Call(http.MethodPut, to(remoteRequestsPath, v.r.PathValue("id"), "state"), d, nil)
}

// decide is for the decisions that are nothing but another state. An undo has not seen a state, and sends none.
func decide(state, outcome string) serve {
	return func(v *visit) error {
		f := v.readForm()
		switch err := v.decideOn(remoteDecision{State: state, If: f.text("seen")}); {
		case f.refuse(err):
			return v.showRequestWith(f.Refusal.Status, f)
		case err != nil:
			return err
		}
		return v.done(to(remoteRequests, v.r.PathValue("id")), outcome)
	}
}

// approve lets somebody in, or is the first of two approvals.
func (v *visit) approve() error {
	f := v.readForm()
	switch err := v.decideOn(remoteDecision{State: stateAccepted, If: f.text("seen"), Role: f.text("role"), Days: wholeNumber(f.text("requestedDays"))}); {
	case f.refuse(err):
		return v.showRequestWith(f.Refusal.Status, f)
	case err != nil:
		return err
	}
	here := to(remoteRequests, v.r.PathValue("id"))
	r, err := v.request()
	if err == nil && r.Pending() {
		return v.done(here, "first")
	}
	return v.done(here, "approved")
}

func (v *visit) askRevoke() error {
	r, err := v.request()
	if err != nil {
		return err
	}
	here := to(remoteRequests, r.ID)
	if !r.Live() {
		return v.done(here, "")
	}
	return v.confirm(remoteSection, confirmation{
		Title: "End the access?", Question: "The access with the role " + r.Role + " ends at once:", Thing: r.User,
		Consequences: []string{
			"The next request is refused, and connections that are open are cut within a second.",
			"This cannot be undone. Whoever still needs access asks again.",
		},
		Action: here + "/revoke", Cancel: here, Button: "End the access", Hidden: []Hidden{{"seen", r.State}},
	})
}

// rolesUpTo are the roles that are no stronger than one, that one first.
func rolesUpTo(role string) []string {
	i := slices.Index(remoteRoles, role)
	up := slices.Clone(remoteRoles[:i+1])
	slices.Reverse(up)
	return up
}

// remoteRoles are the roles that there are, the weakest first.
var remoteRoles = []string{"devops-viewer", "devops-user", "devops-admin"}
