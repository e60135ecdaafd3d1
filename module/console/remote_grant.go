package console

import (
	"net/http"
	"strings"
)

func (c *Console) remoteGrantPages() {
	c.read("GET "+remoteHome+"/grant", (*visit).askGrant)
	c.write("POST "+remoteHome+"/grant", (*visit).grant)
	c.dangerous(remoteHome+"/revoke-all", (*visit).askRevokeAll, (*visit).revokeAll)
}

// grantForm is what the template gets of access that is granted, asked for, or taken in an emergency.
type grantForm struct {
	Form   *form
	Title  string
	Lead   string
	Fields []Field
	Role   Field
	Roles  []Choice
	Reason Field
	Reach  *rolesCompare // what the roles may do; nil where that is not to be had
	Action string
	Cancel string
	Button string
	Urgent bool // nobody approves it before
}

// The fields that all three have. Names are the API's members.
func grantFields(f *form) grantForm {
	content := grantForm{Form: f, Cancel: remoteHome}
	for _, role := range remoteRoles {
		content.Roles = append(content.Roles, Choice{role, role + ": " + roleWords[role]})
	}
	content.Role = f.Field("role", "Role", "The weakest that will do.")
	content.Reason = f.Needed("reason", "Reason", "One line. It may have to name a ticket, such as SUP-123456.")
	return content
}

var roleWords = map[string]string{
	"devops-viewer": "look, and change nothing", "devops-user": "also set debug flags of agents",
	"devops-admin": "also change settings, read logs, run diagnostics",
}

func daysField(f *form) Field { return f.Needed("requestedDays", "Days", "") }

func (v *visit) askGrant() error {
	f := &form{}
	f.set("requestedDays", "1")
	return v.showGrant(http.StatusOK, f)
}

func (v *visit) showGrant(status int, f *form) error {
	content := grantFields(f)
	content.Title, content.Lead = "Grant access", "For somebody who is expected and has not asked. The time begins at once."
	content.Fields = []Field{
		f.Needed("userId", "Who", "As their token or their sign-in names them, such as john.smith@example.com."), daysField(f),
	}
	content.Action, content.Button, content.Reach = remoteHome+"/grant", "Grant access", v.compareRoles(remoteRoles)
	return v.show(status, "remote_grant", Page{Title: content.Title, Section: remoteSection, Content: content})
}

// asking is what the API is sent for a request or a grant.
type asking struct {
	User    string `json:"userId,omitempty"`
	Role    string `json:"role"`
	Days    any    `json:"requestedDays,omitempty"`
	Minutes any    `json:"minutes,omitempty"`
	Reason  string `json:"reason"`
}

func (v *visit) grant() error {
	f := v.readForm()
	body := asking{User: f.text("userId"), Role: f.text("role"), Days: wholeNumber(f.text("requestedDays")), Reason: f.text("reason")}
	var made accessRequest
	switch err := v.api.Call(http.MethodPost, remotePath+"/grants", body, &made); {
	case f.refuse(err):
		return v.showGrant(f.Refusal.Status, f)
	case err != nil:
		return err
	case made.Pending():
		return v.done(to(remoteRequests, made.ID), "first")
	}
	return v.done(to(remoteRequests, made.ID), "granted")
}

// maxNamed bounds how many people a confirmation names.
const maxNamed = 20

func (v *visit) askRevokeAll() error {
	question := confirmation{
		Title: "End every grant?", Question: "Everybody of the support staff who has been approved is out at once.",
		Action: remoteHome + "/revoke-all", Cancel: remoteHome, Button: "End every grant",
	}
	all, err := v.allRequests(remoteRequestsPath)
	switch {
	case isRefusal(err, http.StatusForbidden):
		question.Consequences = append(question.Consequences, refused(err).Message)
	case err != nil:
		return err
	}
	question.Consequences = append(question.Consequences, whoIsOut(all)...)
	question.Consequences = append(question.Consequences,
		"This cannot be undone. Whoever still needs access asks again.",
		"Pending requests stay pending, and the setting stays as it is: to let nobody in any more, set it to “Off”.")
	return v.confirm(remoteSection, question)
}

// whoIsOut names those whose access ends. Names go through the template as every text does; each stands in quotes of its
// own, which isolate what turns the direction of writing.
func whoIsOut(all []accessRequest) []string {
	var named []string
	live := 0
	for _, r := range all {
		if r.Live() {
			if live++; live <= maxNamed {
				named = append(named, "\u2068"+r.User+"\u2069 ("+r.Role+")")
			}
		}
	}
	if live > maxNamed {
		named = append(named, "and "+number(live-maxNamed)+" more")
	}
	if live == 0 {
		return nil
	}
	return []string{plural(live, "grant ends:", "grants end:") + " " + strings.Join(named, ", ") + "."}
}

func (v *visit) revokeAll() error {
	if err := v.api.Call(http.MethodPost, remotePath+"/revokeAll", nil, nil); err != nil {
		return err
	}
	return v.done(remoteHome, "revoked-all")
}
