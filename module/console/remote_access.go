package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Where the API has remote access. Requests are under the paths that clients of the original know.
const (
	remoteRequestsPath = "/api/cluster/v2/remoteaccess/requests"
	remotePath         = "/api/doorward/v1/remoteAccess"
)

// remoteHome is the page of remote access, and remoteRequests above those of single requests.
const (
	remoteHome     = "/remote-access"
	remoteRequests = remoteHome + "/requests"
	remoteSection  = "remote"
)

func (c *Console) remotePages() {
	c.read("GET "+remoteHome, (*visit).listRemote)
	c.read("GET "+remoteHome+".csv", exportRemote("csv"))
	c.read("GET "+remoteHome+".json", exportRemote("json"))
	c.remoteSettingPages()
	c.remoteRequestPages()
	c.remoteGrantPages()
	c.remoteReportPages()
	c.remoteOwnPages()
	c.read("GET "+remoteHome+"/roles", (*visit).listRoles)
	c.read("GET "+remoteHome+"/roles/{role}", (*visit).showRole)
}

// allRequests are the requests that the API tells of, those first that wait for somebody and else the newest.
func (v *visit) allRequests(path string) ([]accessRequest, error) {
	var raw []json.RawMessage
	if err := v.api.Get(path, nil, &raw); err != nil {
		return nil, err
	}
	all := make([]accessRequest, len(raw))
	for i, text := range raw {
		if err := json.Unmarshal(text, &all[i]); err != nil {
			return nil, err
		}
		all[i].raw = text
	}
	slices.SortStableFunc(all, func(a, b accessRequest) int { return cmp.Compare(a.rank(), b.rank()) })
	return all, nil
}

// unreviewed is the filter for emergencies that nobody has looked at.
const unreviewed = "unreviewed"

var stateChoices = []Choice{
	{"", "Every state"}, {statePending, "Pending"}, {stateAccepted, "In force"}, {stateRejected, "Rejected"}, {stateExpired, "Over"},
	{unreviewed, "Emergencies to review"},
}

// matching are those that the filters of a listing leave.
func matching(all []accessRequest, l *Listing) []accessRequest {
	state, who := l.Get("state"), strings.TrimSpace(l.Get("user"))
	return slices.DeleteFunc(slices.Clone(all), func(r accessRequest) bool {
		switch {
		case state == unreviewed && !r.Unreviewed(), state != "" && state != unreviewed && r.State != state:
			return true
		}
		return who != "" && !mentions(who, r.User)
	})
}

// remoteList is what the template gets.
type remoteList struct {
	Listing  *Listing
	Setting  accessSetting
	Requests []accessRequest
	Refusal  *Refusal // why no requests are listed; nil: they are
	Pending  int      // of all that there are, as the other two
	Live     int
	Review   []accessRequest // emergencies that nobody has looked at
	States   []Choice
}

// listRemote shows who gets in, and the requests. While the setting asks for no approval the API tells of no requests: the
// page says so, and that is not its end.
func (v *visit) listRemote() error {
	setting, err := v.remoteSetting()
	if isRefusal(err, http.StatusForbidden) && v.isStaff() {
		return v.done(remoteHome+"/own", "")
	}
	if err != nil {
		return err
	}
	content := remoteList{Listing: v.readListing(remoteHome, "state", "user"), Setting: setting, States: stateChoices}
	all, err := v.allRequests(remoteRequestsPath)
	switch {
	case isRefusal(err, http.StatusForbidden):
		content.Refusal = refused(err)
	case err != nil:
		return err
	}
	for _, r := range all {
		switch {
		case r.Pending():
			content.Pending++
		case r.Live():
			content.Live++
		}
		if r.Unreviewed() {
			content.Review = append(content.Review, r)
		}
	}
	content.Requests = window(content.Listing, matching(all, content.Listing), nil)
	return v.show(http.StatusOK, "remote", Page{Title: "Remote access", Section: remoteSection, Content: content, Outcomes: remoteOutcomes})
}

var remoteOutcomes = map[string]Outcome{
	"setting":     {Message: "The setting holds from now on, and at every gateway within a second."},
	"revoked-all": {Message: "Every grant has ended. Connections that were open are cut within a second."},
}

var requestColumns = []string{
	"requestId", "userId", "reason", "ticket", "requestedDays", "role", "createdTimestamp", "expirationTimestamp", "state", "stateModifiedByUser",
	"askedDays", "askedRole", "approvals", "breakGlass", "reviewUntilTimestamp", "reviewedTimestamp", "reviewedByUser", "review",
}

func exportRemote(kind string) serve {
	return func(v *visit) error {
		l := v.readListing(remoteHome, "state", "user")
		e := export{Name: "remote-access", Member: "requests", Columns: requestColumns}
		e.Page = func(string) ([]json.RawMessage, string, int, error) {
			all, err := v.allRequests(remoteRequestsPath)
			if err != nil {
				return nil, "", 0, err
			}
			var rows []json.RawMessage
			for _, r := range matching(all, l) {
				rows = append(rows, r.raw)
			}
			return rows, "", len(rows), nil
		}
		return e.write(v, kind)
	}
}
