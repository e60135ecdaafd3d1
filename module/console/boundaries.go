package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
)

// boundaryPages are those of boundaries: conditions that a binding adds to everything that it grants.
func (c *Console) boundaryPages() {
	c.read("GET /boundaries", listBoundaries)
	c.read("GET /boundaries.csv", exportBoundaries("csv"))
	c.read("GET /boundaries.json", exportBoundaries("json"))
	c.read("GET /boundaries/new", askNewBoundary)
	c.write("POST /boundaries/new", createBoundary)
	c.write("POST /boundaries/check", checkTypedBoundary)
	c.read("GET /boundaries/{id}", showBoundary)
	c.read("GET /boundaries/{id}/edit", askEditBoundary)
	c.write("POST /boundaries/{id}/edit", editBoundary)
	c.dangerous("/boundaries/{id}/delete", askDeleteBoundary, deleteBoundary)
}

// boundary is one as the API writes it.
type boundary struct {
	UUID       string            `json:"uuid"`
	Name       string            `json:"name"`
	Query      string            `json:"boundaryQuery"`
	Conditions []condition       `json:"boundaryConditions"`
	Metadata   map[string]string `json:"metadata"`

	Uses []bindingRow `json:"-"` // the bindings that have it
}

// boundaries is a path of the account's. This prefix takes access tokens as well as OAuth scopes.
func (p place) boundaries(parts ...string) string {
	return to("/repo/account", append([]string{p.Account, "boundaries"}, parts...)...)
}

// maxBoundaries is the size of a page of the API's: all that an account can have.
const maxBoundaries = "10000"

// boundaries are all of the account.
func (v *visit) boundaries(here place) ([]boundary, error) {
	var page struct {
		Content []boundary `json:"content"`
	}
	err := v.api.Get(here.boundaries(), url.Values{"size": {maxBoundaries}}, &page)
	slices.SortFunc(page.Content, func(a, b boundary) int { return byText(a.Name, b.Name) })
	return page.Content, err
}

// boundariesIfAllowed is for pages that stand without: the refusal says why there are none.
func (v *visit) boundariesIfAllowed(here place) ([]boundary, *Refusal, error) {
	all, err := v.boundaries(here)
	if isRefusal(err, http.StatusForbidden) {
		return nil, refused(err), nil
	}
	return all, nil, err
}

// boundaryList is what the template of the listing gets.
type boundaryList struct {
	Listing    *Listing
	Boundaries []boundary
	Counted    bool // where they are used is known
}

func listBoundaries(v *visit) error {
	l := v.readListing("/boundaries", "q", "sort")
	l.Order = "name"
	here, err := v.place()
	if err != nil {
		return err
	}
	all, err := v.boundaries(here)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(b boundary) bool { return !b.matches(l) })
	uses, err := v.usesOfBoundaries(here)
	if err != nil && !isRefusal(err, http.StatusForbidden) && !errors.Is(err, errTooLong) {
		return err
	}
	content := boundaryList{Listing: l, Counted: err == nil}
	content.Boundaries = window(l, all, map[string]func(a, b boundary) int{"name": func(a, b boundary) int { return byText(a.Name, b.Name) }})
	for i := range content.Boundaries {
		content.Boundaries[i].Uses = uses[content.Boundaries[i].UUID]
	}
	return v.show(http.StatusOK, "boundaries", Page{Title: "Boundaries", Section: "boundaries", Content: content, Outcomes: map[string]Outcome{
		"deleted": {Message: "The boundary was deleted."},
	}})
}

func (b boundary) matches(l *Listing) bool { return mentions(l.Get("q"), b.Name, b.Query, b.UUID) }

// usesOfBoundaries are the bindings of the account and of this environment by the boundaries that they have.
func (v *visit) usesOfBoundaries(here place) (map[string][]bindingRow, error) {
	uses := map[string][]bindingRow{}
	for _, at := range []policyLevel{accountPolicies, here.environment()} {
		rows, err := v.bindingsAt(at, "")
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			for _, id := range row.Binding.Boundaries {
				uses[id] = append(uses[id], row)
			}
		}
	}
	return uses, nil
}

func exportBoundaries(kind string) serve {
	return func(v *visit) error {
		l := v.readListing("/boundaries", "q", "sort")
		e := export{Name: "boundaries", Member: "boundaries", Columns: []string{"uuid", "name", "boundaryQuery", "metadata"}}
		e.Page = func(string) ([]json.RawMessage, string, int, error) {
			here, err := v.place()
			if err != nil {
				return nil, "", 0, err
			}
			var page struct {
				Content []json.RawMessage `json:"content"`
			}
			if err := v.api.Get(here.boundaries(), url.Values{"size": {maxBoundaries}}, &page); err != nil {
				return nil, "", 0, err
			}
			rows, err := chosenRows(page.Content, func(b boundary) bool { return b.matches(l) })
			return rows, "", len(rows), err
		}
		return e.write(v, kind)
	}
}
