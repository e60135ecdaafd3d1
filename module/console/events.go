package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// auditPath is where the API has the audit log.
const auditPath = "/api/v2/auditlogs"

const eventsHome = "/events"

func (c *Console) eventPages() {
	c.read("GET "+eventsHome, (*visit).listEvents)
	c.read("GET "+eventsHome+".csv", exportEvents("csv"))
	c.read("GET "+eventsHome+".json", exportEvents("json"))
	c.read("GET "+eventsHome+"/chain", (*visit).chainPart)
	c.read("GET "+eventsHome+"/{id}", (*visit).showEvent)
	c.read("GET "+eventsHome+"/{id}/json", (*visit).downloadEvent)
}

// event is an entry of the audit log as the API writes it.
type event struct {
	ID          string           `json:"logId"`
	Type        string           `json:"eventType"`
	Category    string           `json:"category"`
	Entity      string           `json:"entityId"` // "TOKEN: dt0c01.…", or the kind alone
	Environment string           `json:"environmentId"`
	User        string           `json:"user"`
	UserType    string           `json:"userType"`
	Origin      string           `json:"userOrigin"`
	Time        millis           `json:"timestamp"`
	Success     bool             `json:"success"`
	Message     string           `json:"message"`
	Patch       []patchOperation `json:"patch"`
	Doorward    *struct {
		Outcome struct {
			Time   millis `json:"timestamp"`
			Status int    `json:"status"`
			Bytes  int    `json:"bytes"`
			Digest string `json:"bodyDigest"`
			Cut    string `json:"cut"`
		} `json:"outcome"`
	} `json:"doorward"`
}

// eventFilters are those of the listing.
var eventFilters = []string{"since", "from", "to", "user", "object", "type", "action", "result", "sort"}

// ownDates are the filter for a time frame that is typed.
const ownDates = "dates"

var sinceChoices = []Choice{
	{"now-1h", "Within an hour"}, {"now-1d", "Within a day"}, {"now-7d", "Within 7 days"}, {"", "Within 14 days"},
	{"now-30d", "Within 30 days"}, {"now-90d", "Within 90 days"}, {"now-1y", "Within a year"}, {"now-10y", "Ever"}, {ownDates, "Between dates"},
}

var typeChoices = []Choice{
	{"", "Anything"}, {"CREATE", "Created"}, {"UPDATE", "Changed"}, {"DELETE", "Deleted"}, {"REVOKE", "Revoked"},
	{"LOGIN", "Session began"}, {"LOGOUT", "Session ended"}, {"READ", "Read by support staff"},
}

var resultChoices = []Choice{{"", "Any result"}, {"true", "Done"}, {"false", "Refused"}}

// actions are offered where one is typed. Others are taken as well.
var actions = []string{
	"token.create", "token.update", "token.enable", "token.disable", "token.delete", "activegatetoken.create", "activegatetoken.delete", "tenanttoken.start",
	"tenanttoken.finish", "tenanttoken.cancel", "tokensettings.update", "oauthclient.create", "oauthclient.update", "oauthclient.rotate",
	"oauthclient.delete", "oauthtoken.revoke", "signingkey.create", "signingkey.delete", "user.create", "user.update", "user.delete",
	"group.create", "group.update", "group.delete", "policy.create", "policy.update", "policy.delete", "boundary.create",
	"boundary.update", "boundary.delete", "binding.create", "binding.update", "binding.delete", "remote_access_request.create",
	"remote_access_request.update", "remote_access_setting.update", "remote_access.read", "remote_access.create",
	"remote_access.update", "remote_access.delete", "session.login", "session.logout", "session.revoke", "notification.send",
}

// eventQuery is that of the API. A page key carries everything else with it.
func eventQuery(l *Listing, key, size string) url.Values {
	if key != "" {
		return url.Values{"nextPageKey": {key}}
	}
	query := url.Values{"pageSize": {size}}
	switch since := l.Get("since"); since {
	case "":
	case ownDates:
		for _, name := range []string{"from", "to"} {
			if at := l.Get(name); at != "" {
				query.Set(name, at)
			}
		}
	default:
		query.Set("from", since)
	}
	var criteria []string
	for _, f := range []struct{ filter, criterion string }{
		{"user", "user"}, {"object", "entityId"}, {"type", "eventType"}, {"action", "action"}, {"result", "success"},
	} {
		if value := l.Get(f.filter); value != "" {
			criteria = append(criteria, f.criterion+"("+quote(value)+")")
		}
	}
	if len(criteria) > 0 {
		query.Set("filter", strings.Join(criteria, ","))
	}
	if sort := l.Get("sort"); sort != "" {
		query.Set("sort", sort)
	}
	return query
}

// eventList is what the template gets.
type eventList struct {
	Listing *Listing
	Form    *form // what is wrong with the filters
	Since   Field
	Events  []event
	Chain   chainState
	Sinces  []Choice
	Types   []Choice
	Results []Choice
	Actions []string
}

// listEvents shows the log. Filters that the API does not take are shown again with what it said.
func (v *visit) listEvents() error {
	l := v.readListing(eventsHome, eventFilters...)
	l.Order = "-timestamp"
	content := eventList{
		Listing: l, Form: &form{Values: l.Filters}, Sinces: sinceChoices, Types: typeChoices, Results: resultChoices, Actions: actions,
	}
	content.Since = content.Form.Field("since", "When", "")
	var page struct {
		Total  int     `json:"totalCount"`
		Next   string  `json:"nextPageKey"`
		Events []event `json:"auditLogs"`
	}
	status := http.StatusOK
	switch err := v.api.Get(auditPath, eventQuery(l, l.Key, "100"), &page); {
	case isRefusal(err, http.StatusBadRequest):
		content.Form.Refusal, status = refused(err), http.StatusBadRequest
	case err != nil:
		return err
	}
	l.Next, l.Total, l.Shown, content.Events = page.Next, page.Total, len(page.Events), page.Events
	chain, err := v.chain()
	if err != nil && refused(err) == nil {
		return err
	}
	content.Chain = chain
	return v.show(status, "events", Page{Title: "Events", Section: "events", Content: content})
}

var eventColumns = []string{
	"logId", "timestamp", "eventType", "category", "entityId", "environmentId", "user", "userType", "userOrigin", "success", "message", "patch", "doorward",
}

func exportEvents(kind string) serve {
	return func(v *visit) error {
		l := v.readListing(eventsHome, eventFilters...)
		e := export{Name: "events", Member: "auditLogs", Columns: eventColumns}
		e.Page = func(key string) ([]json.RawMessage, string, int, error) {
			var page struct {
				Total  int               `json:"totalCount"`
				Next   string            `json:"nextPageKey"`
				Events []json.RawMessage `json:"auditLogs"`
			}
			err := v.api.Get(auditPath, eventQuery(l, key, "1000"), &page)
			return page.Events, page.Next, page.Total, err
		}
		return e.write(v, kind)
	}
}
