package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// tokensPath is where the API has access tokens, personal ones among them.
const tokensPath = "/api/v2/apiTokens" //nolint:gosec // a path, and no credential

// tokenPages are the pages of one kind of tokens. Personal tokens are access tokens that act as their owner, so what is
// said of them differs, and little else.
type tokenPages struct {
	Section  string
	Path     string
	Title    string
	One      string // "access token"
	Personal bool
	Scope    string // that all of them have, and by which they are listed; "" for none
	Try      string // path of a request that tries a new one
	Lead     string // what they are
	Advice   string // what to do where there is none yet
}

func (c *Console) accessTokenPages() {
	tokenPages{
		Section: "tokens", Path: "/tokens", Title: "Access tokens", One: "access token",
		Try:    "/api/v2/metrics",
		Lead:   "What programs sign in with. Each has scopes, which say what it may do, and can be switched off at any time.",
		Advice: "Make one for each program, with only the scopes that it needs.",
	}.mount(c)
}

func (c *Console) personalTokenPages() {
	p := tokenPages{
		Section: "personal", Path: "/personal-tokens", Title: "Personal tokens", One: "personal token", Personal: true,
		Try:    "/api/v2/metrics",
		Lead:   "Tokens that act as their owner: they may do what their scopes and the owner's own policies both allow.",
		Advice: "A personal token acts as you: make one for a script that you run yourself.",
	}
	p.mount(c)
	c.write("POST "+p.Path+"/switch", p.switchPersonal)
}

func (p tokenPages) mount(c *Console) {
	c.read("GET "+p.Path, p.list)
	c.read("GET "+p.Path+".csv", p.export("csv"))
	c.read("GET "+p.Path+".json", p.export("json"))
	c.write("POST "+p.Path+"/find", p.find)
	c.read("GET "+p.Path+"/new", p.askNew)
	c.write("POST "+p.Path+"/new", p.create)
	one := p.Path + "/{id}"
	c.read("GET "+one, p.show)
	c.write("POST "+one+"/disable", p.toggle(false, "disabled"))
	c.write("POST "+one+"/enable", p.toggle(true, "enabled"))
	c.read("GET "+one+"/edit", p.askEdit)
	c.write("POST "+one+"/edit", p.edit)
	c.read("GET "+one+"/smaller", p.askSmaller)
	c.write("POST "+one+"/smaller", p.makeSmaller)
	c.dangerous(one+"/delete", p.askDelete, p.delete)
}

// accessToken is a token as the API writes it.
type accessToken struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Enabled     bool     `json:"enabled"`
	Personal    bool     `json:"personalAccessToken"`
	Owner       string   `json:"owner"`
	Created     string   `json:"creationDate"`
	Expires     string   `json:"expirationDate"`
	LastUsed    string   `json:"lastUsedDate"`
	LastUsedIP  string   `json:"lastUsedIpAddress"`
	Modified    string   `json:"modifiedDate"`
	Scopes      []string `json:"scopes"`
	Networks    []string `json:"allowedNetworks"`
	Staff       bool     `json:"staff"`
	Unused      []string `json:"unusedScopes"`
	UnusedSince string   `json:"unusedScopesSince"`

	State state `json:"-"`
}

// state is what a token is good for now.
type state struct{ Word, Mark string }

// soon is how long before its end a token is said to end soon.
const soon = 7 * 24 * time.Hour

func (t *accessToken) setState(now time.Time) {
	expires, err := time.Parse(time.RFC3339, t.Expires)
	switch left := expires.Sub(now); {
	case err == nil && left <= 0:
		t.State = state{"Expired", "bad"}
	case !t.Enabled:
		t.State = state{"Disabled", "warn"}
	case err == nil && left < soon:
		t.State = state{"Expires soon", "warn"}
	default:
		t.State = state{"Enabled", "good"}
	}
}

// tokenList is what the template of the listing gets.
type tokenList struct {
	tokenPages
	Listing *Listing
	Tokens  []accessToken
	Scopes  []scopeGroup // to choose from; none where they may not be listed
	Uses    []Choice
	States  []Choice
	Switch  string   // whether personal tokens are taken, "on" or "off"; "" where that is not known
	Fault   *Refusal // of the search by identifier
}

// lastUses are what the listing can be narrowed to by the last use. The value before the colon is the API's parameter.
var lastUses = []Choice{
	{"", "Any time"}, {"from:now-1d", "Within a day"}, {"from:now-7d", "Within 7 days"}, {"from:now-30d", "Within 30 days"},
	{"to:now-30d", "More than 30 days ago"}, {"to:now-90d", "More than 90 days ago"}, {"to:now-1y", "More than a year ago"},
}

// tokenStates are what the listing can be narrowed to by what a token is good for.
var tokenStates = []Choice{
	{"", "Any"}, {"enabled", "Enabled"}, {"disabled", "Disabled"}, {"soon", "Expires within 7 days"}, {"expired", "Expired"},
}

// tokenFilters are in the address of the listing.
var tokenFilters = []string{"name", "owner", "scope", "state", "used", "sort"}

// tokenFields are those of the listing; the rest is on the page of each.
const tokenFields = "name,enabled,owner,creationDate,expirationDate,lastUsedDate,lastUsedIpAddress"

func (p tokenPages) list(v *visit) error {
	l := v.readListing(p.Path, tokenFilters...)
	l.Order = "-creationDate"
	var page struct {
		Total  int           `json:"totalCount"`
		Next   string        `json:"nextPageKey"`
		Tokens []accessToken `json:"apiTokens"`
	}
	if err := v.api.Get(tokensPath, p.query(l, l.Key, tokenFields, "100"), &page); err != nil {
		return err
	}
	l.Next, l.Total, l.Shown = page.Next, page.Total, len(page.Tokens)
	now := v.console.config.Now()
	for i := range page.Tokens {
		page.Tokens[i].setState(now)
	}
	content := tokenList{tokenPages: p, Listing: l, Tokens: page.Tokens, Uses: lastUses, States: tokenStates}
	if p.Scope == "" {
		content.Scopes = v.scopesIfAllowed()
	}
	if p.Personal {
		content.Switch = v.personalSwitch()
	}
	return v.show(http.StatusOK, "tokens", Page{Title: p.Title, Section: p.Section, Content: content, Outcomes: p.outcomes("")})
}

// query is that of the API. A page key carries everything else with it.
func (p tokenPages) query(l *Listing, key, fields, size string) url.Values {
	if key != "" {
		return url.Values{"nextPageKey": {key}}
	}
	selector := []string{"personalAccessToken(false)"}
	if p.Personal {
		selector[0] = "personalAccessToken(true)"
	}
	for _, criterion := range []struct{ name, value string }{{"name", l.Get("name")}, {"owner", l.Get("owner")}, {"scope", cmp.Or(p.Scope, l.Get("scope"))}} {
		if criterion.value != "" {
			selector = append(selector, criterion.name+"("+quote(criterion.value)+")")
		}
	}
	query := url.Values{"fields": {fields}, "pageSize": {size}}
	switch l.Get("state") {
	case "enabled":
		selector = append(selector, "enabled(true)")
	case "disabled":
		selector = append(selector, "enabled(false)")
	case "soon":
		query["expiresFrom"], query["expiresTo"] = []string{"now"}, []string{"now+7d"}
	case "expired":
		query.Set("expiresTo", "now")
	}
	query.Set("apiTokenSelector", strings.Join(selector, ","))
	if bound, at, ok := strings.Cut(l.Get("used"), ":"); ok && (bound == "from" || bound == "to") {
		query.Set(bound, at)
	}
	if sort := l.Get("sort"); sort != "" {
		query.Set("sort", sort)
	}
	return query
}

// quote is a value in a selector of the API: a tilde takes the meaning from a quote and from itself.
func quote(text string) string {
	return `"` + strings.NewReplacer(`~`, `~~`, `"`, `~"`).Replace(text) + `"`
}

// exportColumns are those of the file, all that the API has of a token in a listing.
var exportColumns = []string{
	"id", "name", "enabled", "personalAccessToken", "owner", "creationDate", "expirationDate", "lastUsedDate", "lastUsedIpAddress",
	"modifiedDate", "scopes", "allowedNetworks",
}

func (p tokenPages) export(kind string) serve {
	return func(v *visit) error {
		l := v.readListing(p.Path, tokenFilters...)
		e := export{Name: strings.TrimPrefix(p.Path, "/"), Member: "apiTokens", Columns: exportColumns}
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

// find goes to a token by its identifier or by its whole text. It is sent as a form, so that a secret which somebody pastes
// gets into no address: only what can be nothing but an identifier goes there as it was typed.
func (p tokenPages) find(v *visit) error {
	text := v.readForm().text("token")
	if identifier.MatchString(text) {
		return v.done(to(p.Path, text), "")
	}
	var found accessToken
	switch err := v.api.Call(http.MethodPost, tokensPath+"/lookup", map[string]string{"token": text}, &found); {
	case isRefusal(err, http.StatusNotFound) && imported.MatchString(text):
		return v.done(to(p.Path, text), "")
	case err != nil:
		return err
	}
	return v.done(to(p.Path, found.ID), "")
}

var (
	// identifier is that of a token with a prefix. A secret has no prefix of lower-case letters.
	identifier = regexp.MustCompile(`^[a-z][a-z0-9]{2,15}\.[A-Z2-7]{8,40}$`)
	// imported is the identifier of an imported token. The token itself may look the same, so it is looked up first.
	imported = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

func (p tokenPages) outcomes(one string) map[string]Outcome {
	return map[string]Outcome{
		"disabled": {Message: "The token is disabled: requests with it are refused from now on.", Undo: one + "/enable"},
		"enabled":  {Message: "The token is enabled again.", Undo: one + "/disable"},
		"edited":   {Message: "The token was changed."},
		"smaller":  {Message: "The token has only the scopes that are listed here now."},
		"deleted":  {Message: "The token was deleted. Requests with it are refused."},
		"on":       {Message: "Personal tokens are on."},
		"off":      {Message: "Personal tokens are off: none is taken."},
	}
}
