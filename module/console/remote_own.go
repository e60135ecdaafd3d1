package console

import (
	"cmp"
	"net/http"
	"slices"
)

// remoteOwn are the pages for members of the support staff: what they ask for, and what became of it.
const remoteOwn = remoteHome + "/own"

func (c *Console) remoteOwnPages() {
	c.read("GET "+remoteOwn, (*visit).listOwn)
	c.read("GET "+remoteOwn+"/new", (*visit).askOwn)
	c.write("POST "+remoteOwn+"/new", (*visit).createOwn)
	c.read("GET "+remoteOwn+"/break-glass", (*visit).askBreakGlass)
	c.write("POST "+remoteOwn+"/break-glass", (*visit).breakGlass)
}

const ownRequestsPath = remotePath + "/ownRequests"

// isStaff reports whether the API takes the person for one of the support staff, as far as it says so.
func (v *visit) isStaff() bool { return v.api.Get(ownRequestsPath, nil, nil) == nil }

// ownList is what the template gets.
type ownList struct {
	Listing  *Listing
	Requests []accessRequest
}

func (v *visit) listOwn() error {
	all, err := v.allRequests(ownRequestsPath)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b accessRequest) int { return cmp.Compare(b.Created, a.Created) })
	content := ownList{Listing: v.readListing(remoteOwn)}
	content.Requests = window(content.Listing, all, nil)
	return v.show(http.StatusOK, "remote_own", Page{Title: "Your access", Section: remoteSection, Content: content, Outcomes: map[string]Outcome{
		"asked": {Message: "You have asked. An administrator has to approve before you get in."},
		"taken": {Message: "You have access from now on. Administrators have been told, and will review what was done."},
	}})
}

func (v *visit) askOwn() error {
	f := &form{}
	f.set("requestedDays", "1")
	return v.showOwn(http.StatusOK, f)
}

func (v *visit) showOwn(status int, f *form) error {
	content := grantFields(f)
	content.Title, content.Lead = "Ask for access", "An administrator reads your reason, and approves or rejects. The time begins with the approval."
	content.Fields = []Field{daysField(f)}
	content.Action, content.Cancel, content.Button = remoteOwn+"/new", remoteOwn, "Ask for access"
	return v.show(status, "remote_grant", Page{Title: content.Title, Section: remoteSection, Content: content})
}

func (v *visit) createOwn() error {
	f := v.readForm()
	body := asking{Role: f.text("role"), Days: wholeNumber(f.text("requestedDays")), Reason: f.text("reason")}
	return v.sendOwn(f, ownRequestsPath, body, (*visit).showOwn, "asked")
}

func (v *visit) askBreakGlass() error {
	f := &form{}
	f.set("minutes", "30")
	return v.showBreakGlass(http.StatusOK, f)
}

func (v *visit) showBreakGlass(status int, f *form) error {
	content := grantFields(f)
	content.Title, content.Urgent = "Emergency access", true
	content.Lead = "Access at once, without approval, for an emergency in which nobody can be asked."
	content.Fields = []Field{f.Needed("minutes", "Minutes", "60 at most.")}
	content.Action, content.Cancel, content.Button = remoteOwn+"/break-glass", remoteOwn, "Take access now"
	return v.show(status, "remote_grant", Page{Title: content.Title, Section: remoteSection, Content: content})
}

func (v *visit) breakGlass() error {
	f := v.readForm()
	body := asking{Role: f.text("role"), Minutes: wholeNumber(f.text("minutes")), Reason: f.text("reason")}
	return v.sendOwn(f, remotePath+"/breakGlass", body, (*visit).showBreakGlass, "taken")
}

func (v *visit) sendOwn(f *form, path string, body asking, again func(*visit, int, *form) error, outcome string) error {
	switch err := v.api.Call(http.MethodPost, path, body, nil); {
	case f.refuse(err):
		return again(v, f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return v.done(remoteOwn, outcome)
}
