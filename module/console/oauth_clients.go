package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// clientPages are the pages of OAuth clients: programs that get access tokens for five minutes, again and again, with an
// identifier and a secret.
type clientPages struct{}

const clientsPage = "/oauth-clients"

func (c *Console) oauthClientPages() {
	var p clientPages
	c.read("GET "+clientsPage, needsKey(p.list))
	c.read("GET "+clientsPage+".csv", needsKey(p.export("csv")))
	c.read("GET "+clientsPage+".json", needsKey(p.export("json")))
	c.read("GET "+clientsPage+"/new", needsKey(p.askNew))
	c.write("POST "+clientsPage+"/new", needsKey(p.create))
	const one = clientsPage + "/{id}"
	c.read("GET "+one, needsKey(p.show))
	c.write("POST "+one+"/disable", needsKey(p.toggle(false, "disabled")))
	c.write("POST "+one+"/enable", needsKey(p.toggle(true, "enabled")))
	c.read("GET "+one+"/edit", needsKey(p.askEdit))
	c.write("POST "+one+"/edit", needsKey(p.edit))
	c.dangerous(one+"/rotate", needsKey(p.askRotate), needsKey(p.rotate))
	c.dangerous(one+"/delete", needsKey(p.askDelete), needsKey(p.delete))
}

// oauthClient is a client as the API writes it. Times are texts, "" for never.
type oauthClient struct {
	ID          string   `json:"clientId"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Owner       string   `json:"owner"` // whom its access tokens act for
	Account     string   `json:"accountUuid"`
	Scopes      []string `json:"scopes"`
	Enabled     bool     `json:"enabled"`
	Created     string   `json:"createdAt"`
	Updated     string   `json:"updatedAt"`
	LastUsed    string   `json:"lastUsedAt"`
	OldUntil    string   `json:"oldSecretValidUntil"` // of the secret before, where two are good
}

// Version tells one state of a client from another.
func (c *oauthClient) Version() string { return cmp.Or(c.Updated, c.Created) }

// clientsPath is where the API has the clients of the person's account.
func (v *visit) clientsPath() (string, error) {
	here, err := v.place()
	return to("/iam/v1/accounts", here.Account, "oauth2-clients"), err
}

// clients are all of the account, of which there are some hundreds at most: the API has no pages of them.
func (v *visit) clients() ([]json.RawMessage, error) {
	path, err := v.clientsPath()
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	err = v.api.Get(path, nil, &list)
	return list.Items, err
}

// clientList is what the template of the listing gets.
type clientList struct {
	Listing *Listing
	Clients []oauthClient
	States  []Choice
}

// clientStates are what the listing can be narrowed to.
var clientStates = []Choice{{"", "Any"}, {"enabled", "Enabled"}, {"disabled", "Disabled"}, {"two", "Two secrets"}, {"unused", "Never used"}}

// clientsShown is how many clients a page has.
const clientsShown = 100

func (p clientPages) list(v *visit) error {
	l, found, err := p.chosen(v)
	if err != nil {
		return err
	}
	from, _ := strconv.Atoi(l.Key)
	from = min(max(from, 0), len(found))
	until := min(from+clientsShown, len(found))
	if until < len(found) {
		l.Next = strconv.Itoa(until)
	}
	l.Total, l.Shown = len(found), until-from
	content := clientList{Listing: l, States: clientStates}
	for _, row := range found[from:until] {
		content.Clients = append(content.Clients, row.client)
	}
	return v.show(http.StatusOK, "oauth_clients", Page{
		Title: "OAuth clients", Section: "clients", Content: content, Outcomes: clientOutcomes(""),
	})
}

// clientRow is a client, and as it was written.
type clientRow struct {
	client oauthClient
	text   json.RawMessage
}

// chosen are the clients that the filters leave, in the order that is asked for.
func (p clientPages) chosen(v *visit) (*Listing, []clientRow, error) {
	l := v.readListing(clientsPage, "q", "state", "sort")
	l.Order = "name"
	all, err := v.clients()
	if err != nil {
		return nil, nil, err
	}
	var found []clientRow
	for _, text := range all {
		row := clientRow{text: text}
		if err := json.Unmarshal(text, &row.client); err != nil {
			return nil, nil, err
		}
		if row.client.fits(l.Get("q"), l.Get("state")) {
			found = append(found, row)
		}
	}
	slices.SortStableFunc(found, clientOrder(cmp.Or(l.Get("sort"), l.Order)))
	return l, found, nil
}

// fits reports whether each word of a search is somewhere in what is known of a client, and the state is the one.
func (c *oauthClient) fits(search, state string) bool {
	switch {
	case state == "enabled" && !c.Enabled, state == "disabled" && c.Enabled, state == "two" && c.OldUntil == "", state == "unused" && c.LastUsed != "":
		return false
	}
	text := strings.ToLower(strings.Join(append([]string{c.ID, c.Name, c.Description, c.Owner}, c.Scopes...), "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(search)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// clientOrder sorts by a column, the other way round with a minus before it. The API's times sort as texts.
func clientOrder(column string) func(a, b clientRow) int {
	name, backwards := strings.CutPrefix(column, "-")
	key := func(c oauthClient) string {
		switch name {
		case "createdAt":
			return c.Created
		case "lastUsedAt":
			return c.LastUsed
		case "owner":
			return strings.ToLower(c.Owner)
		}
		return strings.ToLower(c.Name)
	}
	return func(a, b clientRow) int {
		order := cmp.Or(cmp.Compare(key(a.client), key(b.client)), cmp.Compare(a.client.ID, b.client.ID))
		if backwards {
			return -order
		}
		return order
	}
}

// clientColumns are those of the file.
var clientColumns = []string{
	"clientId", "name", "description", "owner", "accountUuid", "scopes", "enabled", "createdAt", "updatedAt", "lastUsedAt",
	"oldSecretValidUntil",
}

func (p clientPages) export(kind string) serve {
	return func(v *visit) error {
		e := export{Name: "oauth-clients", Member: "items", Columns: clientColumns}
		e.Page = func(string) ([]json.RawMessage, string, int, error) {
			_, found, err := p.chosen(v)
			var rows []json.RawMessage
			for _, row := range found {
				rows = append(rows, row.text)
			}
			return rows, "", len(rows), err
		}
		return e.write(v, kind)
	}
}

func clientOutcomes(one string) map[string]Outcome {
	return map[string]Outcome{
		"disabled": {Message: "The client is disabled: it gets no access tokens, and those that it has are refused.", Undo: one + "/enable"},
		"enabled":  {Message: "The client is enabled again.", Undo: one + "/disable"},
		"edited":   {Message: "The client was changed."},
		"deleted":  {Message: "The client was deleted, and its access tokens with it."},
	}
}
