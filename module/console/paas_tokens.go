package console

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
)

// The scopes of a PaaS token: the first makes it one, the second lets installers report that an agent has crashed.
const (
	installerScope    = "InstallerDownload"
	supportAlertScope = "SupportAlert"
)

// connectionPath is where installers ask how agents connect.
const connectionPath = "/api/v1/deployment/installer/agent/connectioninfo"

// paasPages are the pages of access tokens that installers have. One of them is an access token like any other, so its own
// page is the one of those, under another section.
type paasPages struct{ tokenPages }

func (c *Console) paasTokenPages() {
	p := paasPages{tokenPages{
		Section: "paas", Path: "/paas-tokens", Title: "PaaS tokens", One: "PaaS token",
		Lead: "Access tokens with which installers learn where agents report to, and the tenant token that they report with.",
	}}
	c.read("GET "+p.Path, p.list)
	c.read("GET "+p.Path+".csv", p.export("csv"))
	c.read("GET "+p.Path+".json", p.export("json"))
	c.read("GET "+p.Path+"/new", p.askNew)
	c.write("POST "+p.Path+"/new", p.create)
	one := p.Path + "/{id}"
	c.read("GET "+one, p.tokenPages.show)
	c.write("POST "+one+"/disable", p.toggle(false, "disabled"))
	c.write("POST "+one+"/enable", p.toggle(true, "enabled"))
	c.read("GET "+one+"/edit", p.askEdit)
	c.write("POST "+one+"/edit", p.edit)
	c.read("GET "+one+"/smaller", p.askSmaller)
	c.write("POST "+one+"/smaller", p.makeSmaller)
	c.dangerous(one+"/delete", p.askDelete, p.delete)
}

// asked is the listing as the API is asked for it: narrowed to PaaS tokens, which the address does not say.
func (p paasPages) asked(l *Listing) *Listing {
	narrowed := *l
	narrowed.Filters = maps.Clone(l.Filters)
	narrowed.Filters.Set("scope", installerScope)
	return &narrowed
}

func (p paasPages) list(v *visit) error {
	l := v.readListing(p.Path, "owner", "used", "sort")
	l.Order = "-creationDate"
	var page struct {
		Total  int           `json:"totalCount"`
		Next   string        `json:"nextPageKey"`
		Tokens []accessToken `json:"apiTokens"`
	}
	if err := v.api.Get(tokensPath, p.query(p.asked(l), l.Key, tokenFields, "100"), &page); err != nil {
		return err
	}
	l.Next, l.Total, l.Shown = page.Next, page.Total, len(page.Tokens)
	now := v.console.config.Now()
	for i := range page.Tokens {
		page.Tokens[i].setState(now)
	}
	content := tokenList{tokenPages: p.tokenPages, Listing: l, Tokens: page.Tokens, Uses: lastUses}
	return v.show(http.StatusOK, "paas_tokens", Page{Title: p.Title, Section: p.Section, Content: content, Outcomes: p.outcomes("")})
}

func (p paasPages) export(kind string) serve {
	return func(v *visit) error {
		l := p.asked(v.readListing(p.Path, "owner", "used", "sort"))
		e := export{Name: "paas-tokens", Member: "apiTokens", Columns: exportColumns}
		e.Page = func(key string) ([]json.RawMessage, string, int, error) {
			var page struct {
				Total  int               `json:"totalCount"`
				Next   string            `json:"nextPageKey"`
				Tokens []json.RawMessage `json:"apiTokens"`
			}
			err := v.api.Get(tokensPath, p.query(l, key, strings.Join(exportColumns, ","), "1000"), &page)
			return page.Tokens, page.Next, page.Total, err
		}
		return e.write(v, kind)
	}
}

// paasForm is what the template of a new PaaS token gets.
type paasForm struct {
	Form     *form
	Name     Field
	Alerts   bool // it may report crashes as well
	Errors   []string
	Expiry   Expiry
	Networks Field
}

func (p paasPages) askNew(v *visit) error {
	f := &form{}
	f.set("expires", usualExpiry)
	f.set("alerts", "true")
	return p.showNew(v, http.StatusOK, f)
}

func (p paasPages) showNew(v *visit, status int, f *form) error {
	content := paasForm{
		Form: f, Alerts: f.has("alerts"), Errors: f.errors("scopes"), Expiry: f.expiry(expiries),
		Name:     f.Needed("name", "Name", "Says which installer it is for. It need not be unique."),
		Networks: f.Field("allowedNetworks", "Networks", "Addresses and prefixes such as 10.0.0.0/8 that it may be used from, one a line. Empty: from everywhere."),
	}
	return v.show(status, "paas_form", Page{Title: "New PaaS token", Section: p.Section, Content: content})
}

func (p paasPages) create(v *visit) error {
	f := v.readForm()
	scopes := []string{installerScope}
	if f.has("alerts") {
		scopes = append(scopes, supportAlertScope)
	}
	body := map[string]any{"name": f.text("name"), "scopes": scopes, "personalAccessToken": false}
	if networks := f.words("allowedNetworks"); len(networks) > 0 {
		body["allowedNetworks"] = networks
	}
	if expires := f.expires(); expires != nil {
		body["expirationDate"] = expires
	}
	var made struct {
		ID      string `json:"id"`
		Token   string `json:"token"`
		Expires string `json:"expirationDate"`
	}
	switch err := v.api.Call(http.MethodPost, tokensPath, body, &made); {
	case f.refuse(err):
		return p.showNew(v, f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return v.reveal(p.Section, secret{
		Title: "The PaaS token was created", Thing: f.text("name"), Text: made.Token, Expires: made.Expires,
		Command: v.connectionRequest(made.Token), Next: to(p.Path, made.ID), NextLabel: "To the token",
	})
}

// connectionRequest is a line by which an installer learns how agents connect, for a POSIX shell.
func (v *visit) connectionRequest(token string) string {
	return "curl -H " + shellQuote("Authorization: Api-Token "+token) + " " + shellQuote(v.gateway()+connectionPath)
}
