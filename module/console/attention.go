package console

import (
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// attention is what somebody should look at. A gateway that is not well comes first.
type attention struct {
	Items  []matter
	Unseen []string // what this person may not see, so that nothing is said of it
}

// matter is one of them.
type matter struct {
	Mark     string // "bad", "warn"
	Title    string
	Text     string
	Link     string // "" where the console has no page that helps
	Label    string
	Affected []affected
}

// affected is a thing that a matter is about.
type affected struct{ Name, Link, When string }

// attention asks everything that may need somebody. What is refused is left out and named; a session that has ended is an error,
// and so is whatever cannot be read.
func (v *visit) attention() (a attention, err error) {
	for _, of := range []struct {
		name string
		ask  func(*visit) ([]matter, error)
	}{{"the gateway's health", (*visit).healthMatters}, {"requests for remote access", (*visit).remoteMatters}, {"tokens that expire", (*visit).expiryMatters}} {
		items, err := of.ask(v)
		switch {
		case isRefusal(err, http.StatusUnauthorized):
			return a, err
		case refused(err) != nil:
			a.Unseen = append(a.Unseen, of.name)
		case err != nil:
			return a, err
		}
		a.Items = append(a.Items, items...)
	}
	return a, nil
}

func (v *visit) healthMatters() ([]matter, error) {
	h, err := v.health()
	if err != nil {
		return nil, err
	}
	m := matter{Mark: "warn", Title: "The gateway works, with a problem", Link: "/health", Label: "See its health"}
	if !h.Ready {
		m.Mark, m.Title = "bad", "The gateway is not ready"
	}
	var all []matter
	for _, problem := range h.Problems {
		m.Text = sentence(problem)
		all = append(all, m)
	}
	return all, nil
}

// shownAtOnce is how many things a matter names.
const shownAtOnce = 5

func (v *visit) remoteMatters() ([]matter, error) {
	var requests []struct {
		ID      string `json:"requestId"`
		User    string `json:"userId"`
		State   string `json:"state"`
		Created int64  `json:"createdTimestamp"` // ms
	}
	err := v.api.Get(remoteRequestsPath, nil, &requests)
	if isRefusal(err, http.StatusForbidden) && v.remoteIsOff() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m := matter{Mark: "warn", Text: "Somebody of the support staff waits for an answer.", Link: remoteHome, Label: "Decide"}
	pending := 0
	for _, r := range requests {
		if r.State != "PENDING" {
			continue
		}
		if pending++; pending <= shownAtOnce {
			m.Affected = append(m.Affected, affected{Name: r.User, Link: to(remoteRequests, r.ID), When: time.UnixMilli(r.Created).UTC().Format(time.RFC3339)})
		}
	}
	if pending == 0 {
		return nil, nil
	}
	m.Title = plural(pending, "request for remote access is pending", "requests for remote access are pending")
	return []matter{m}, nil
}

// remoteIsOff reports whether nobody can ask for remote access, so that the API lists no requests to anybody.
func (v *visit) remoteIsOff() bool {
	setting, err := v.remoteSetting()
	return err == nil && setting.Value == settingOff
}

// expiryMatters looks for tokens that are good and will not be in a week.
func (v *visit) expiryMatters() ([]matter, error) {
	query := url.Values{
		"apiTokenSelector": {"enabled(true)"}, "expiresFrom": {"now"}, "expiresTo": {"now+7d"}, "sort": {"expirationDate"},
		"pageSize": {"100"}, "fields": {"name,expirationDate,personalAccessToken"},
	}
	var page struct {
		Total  int           `json:"totalCount"`
		Tokens []accessToken `json:"apiTokens"`
	}
	if err := v.api.Get(tokensPath, query, &page); err != nil || page.Total == 0 {
		return nil, err
	}
	m := matter{
		Mark: "warn", Title: plural(page.Total, "token expires within a week", "tokens expire within a week"),
		Text: "Programs that use them are refused from then on. Make new ones in time.",
		Link: "/tokens?state=soon&sort=expirationDate", Label: "All, by expiry",
	}
	for _, t := range page.Tokens[:min(len(page.Tokens), shownAtOnce)] {
		m.Affected = append(m.Affected, affected{Name: t.Name, Link: to(t.home(), t.ID), When: t.Expires})
	}
	return []matter{m}, nil
}

// home is the path of the pages of the token's kind.
func (t *accessToken) home() string {
	if t.Personal {
		return "/personal-tokens"
	}
	return "/tokens"
}

// chainMatter tells of a trail that is not what was written. nil where nothing is wrong, or where nobody knows yet: to ask begins
// a verification. So this is asked when somebody opens the overview, and not again and again while it is open.
func (v *visit) chainMatter() (*matter, error) {
	var chain struct {
		Verification *struct {
			State string `json:"state"`
			Break *struct {
				Message string `json:"message"`
				ID      int64  `json:"logId"`
			} `json:"break"`
		} `json:"verification"`
	}
	err := v.api.Get("/api/doorward/v1/audit/chain", nil, &chain)
	if r := refused(err); r != nil && r.Status != http.StatusUnauthorized {
		return nil, nil
	}
	if err != nil || chain.Verification == nil {
		return nil, err
	}
	m := &matter{Link: "/events", Label: "See the events"}
	switch last := chain.Verification; last.State {
	case "broken":
		m.Mark, m.Title, m.Text = "bad", "The audit trail was changed", "What is stored is not what was written."
		if b := last.Break; b != nil {
			m.Text = sentence(b.Message)
			if b.ID > 0 {
				m.Text += fmt.Sprintf(" The first such event is %d.", b.ID)
			}
		}
	case "unknown":
		m.Mark, m.Title, m.Text = "warn", "The audit trail could not be read", "Whether it is what was written is not known."
	default:
		return nil, nil
	}
	return m, nil
}
