package console

import (
	"net/http"
	"strings"
	"time"
)

// eventPage is what the template of one event gets.
type eventPage struct {
	Event   event
	Whole   string // "add" or "remove" where the patch is of a thing as a whole
	Changes []memberChange
	Thing   string // where the console has what was changed; "" for nowhere
	Since   string // for a link to what else happened at the time
	Until   string
}

func (v *visit) showEvent() error {
	var e event
	if err := v.api.Get(to(auditPath, v.r.PathValue("id")), nil, &e); err != nil {
		return err
	}
	content := eventPage{Event: e, Thing: e.thing(), Changes: patchChanges(e.Patch)}
	if len(e.Patch) == 1 && e.Patch[0].Path == "" && e.Patch[0].Op != "replace" {
		content.Whole = e.Patch[0].Op
	}
	at := e.Time.Time().UTC()
	const minutes = "2006-01-02T15:04"
	content.Since, content.Until = at.Add(-5*time.Minute).Format(minutes), at.Add(6*time.Minute).Format(minutes)
	return v.show(http.StatusOK, "event", Page{Title: e.What(), Section: "events", Content: content})
}

// pagesOf are above the pages of kinds of things, for those whose identifier in the log is that of their page.
var pagesOf = map[string]string{
	"TOKEN": "/tokens", "OAUTHCLIENT": clientsPage, "GROUP": "/groups", "BOUNDARY": "/boundaries", "REMOTE_ACCESS_REQUEST": remoteRequests,
}

// thing is the page of what an event is about. What was deleted has none.
func (e event) thing() string {
	object := e.Object()
	if object == "" || e.Type == "DELETE" || strings.Contains(object, "/") {
		return ""
	}
	switch kind := e.kind(); {
	case pagesOf[kind] != "":
		return to(pagesOf[kind], object)
	case (kind == "REMOTE_ACCESS" || kind == "SESSION") && imported.MatchString(object): // with a grant, whose identifier is a UUID
		return to(remoteRequests, object, "report")
	}
	return ""
}

func (v *visit) downloadEvent() error {
	answer, err := v.api.Do(http.MethodGet, to(auditPath, v.r.PathValue("id")), "", nil)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="event-`+fileName(v.r.PathValue("id"))+`.json"`)
	_, _ = v.w.Write(answer.Body) // a client that has gone needs nothing
	return nil
}
