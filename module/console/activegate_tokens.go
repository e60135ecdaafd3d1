package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// activeGatePages are the pages of the tokens by which ActiveGates connect. They have no scopes, and cannot be changed.
type activeGatePages struct{}

const (
	activeGatesPage = "/activegate-tokens"
	activeGatesPath = "/api/v2/activeGateTokens"
)

func (c *Console) activeGateTokenPages() {
	var p activeGatePages
	c.read("GET "+activeGatesPage, p.list)
	c.read("GET "+activeGatesPage+".csv", p.export("csv"))
	c.read("GET "+activeGatesPage+".json", p.export("json"))
	c.read("GET "+activeGatesPage+"/new", p.askNew)
	c.write("POST "+activeGatesPage+"/new", p.create)
	c.read("GET "+activeGatesPage+"/{id}", p.show)
	c.dangerous(activeGatesPage+"/{id}/delete", p.askDelete, p.delete)
}

// activeGateToken is a token as the API writes it.
type activeGateToken struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Owner    string `json:"owner"`
	Type     string `json:"activeGateType"`
	Created  string `json:"creationDate"`
	Expires  string `json:"expirationDate"`
	LastUsed string `json:"lastUsedDate"`
	Seed     bool   `json:"seedToken"` // exchanged at the first contact

	State state `json:"-"`
}

func (t *activeGateToken) setState(now time.Time) {
	as := accessToken{Enabled: true, Expires: t.Expires}
	as.setState(now)
	t.State = as.State
	if t.State.Word == "Enabled" {
		t.State.Word = "Good"
	}
}

// Serves says in words what an ActiveGate of the type is there for.
func (t *activeGateToken) Serves() string {
	switch t.Type {
	case "ENVIRONMENT":
		return "This environment"
	case "CLUSTER":
		return "The cluster"
	}
	return t.Type
}

// activeGateList is what the template of the listing gets.
type activeGateList struct {
	Listing *Listing
	Tokens  []activeGateToken
}

func (p activeGatePages) list(v *visit) error {
	l := v.readListing(activeGatesPage)
	var page struct {
		Total  int               `json:"totalCount"`
		Next   string            `json:"nextPageKey"`
		Tokens []activeGateToken `json:"activeGateTokens"`
	}
	if err := v.api.Get(activeGatesPath, activeGateQuery(l.Key, "100"), &page); err != nil {
		return err
	}
	l.Next, l.Total, l.Shown = page.Next, page.Total, len(page.Tokens)
	for i := range page.Tokens {
		page.Tokens[i].setState(v.console.config.Now())
	}
	return v.show(http.StatusOK, "activegate_tokens", Page{
		Title: "ActiveGate tokens", Section: "activegates", Content: activeGateList{l, page.Tokens}, Outcomes: activeGateOutcomes,
	})
}

func activeGateQuery(key, size string) url.Values {
	if key != "" {
		return url.Values{"nextPageKey": {key}}
	}
	return url.Values{"pageSize": {size}}
}

// activeGateColumns are those of the file.
var activeGateColumns = []string{"id", "name", "owner", "activeGateType", "seedToken", "creationDate", "expirationDate", "lastUsedDate"}

func (p activeGatePages) export(kind string) serve {
	return func(v *visit) error {
		e := export{Name: "activegate-tokens", Member: "activeGateTokens", Columns: activeGateColumns}
		e.Page = func(key string) ([]json.RawMessage, string, int, error) {
			var page struct {
				Total  int               `json:"totalCount"`
				Next   string            `json:"nextPageKey"`
				Tokens []json.RawMessage `json:"activeGateTokens"`
			}
			err := v.api.Get(activeGatesPath, activeGateQuery(key, "1000"), &page)
			return page.Tokens, page.Next, page.Total, err
		}
		return e.write(v, kind)
	}
}

// activeGateToken reads the token that the address names.
func (v *visit) activeGateToken() (*activeGateToken, error) {
	t := new(activeGateToken)
	err := v.api.Get(to(activeGatesPath, v.r.PathValue("id")), nil, t)
	t.setState(v.console.config.Now())
	return t, err
}

func (p activeGatePages) show(v *visit) error {
	t, err := v.activeGateToken()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "activegate_token", Page{Title: t.Name, Section: "activegates", Content: t, Outcomes: activeGateOutcomes})
}

func (p activeGatePages) askDelete(v *visit) error {
	t, err := v.activeGateToken()
	if err != nil {
		return err
	}
	here := to(activeGatesPage, t.ID)
	question := confirmation{
		Title: "Delete the ActiveGate token?", Question: "The ActiveGate that has it will be refused from the moment on:", Thing: t.Name,
		Consequences: []string{"This cannot be undone. The ActiveGate needs a new token to connect again.", "The audit log keeps what was done with it."},
		Action:       here + "/delete", Cancel: here, Button: "Delete the token",
	}
	if last := when(t.LastUsed); last != nil {
		question.Consequences = append([]string{"It was last used at " + last.Shown + "."}, question.Consequences...)
	}
	return v.confirm("activegates", question)
}

func (p activeGatePages) delete(v *visit) error {
	if err := v.api.Call(http.MethodDelete, to(activeGatesPath, v.r.PathValue("id")), nil, nil); err != nil {
		return err
	}
	return v.done(activeGatesPage, "deleted")
}

var activeGateOutcomes = map[string]Outcome{"deleted": {Message: "The token was deleted. The ActiveGate that has it is refused."}}
