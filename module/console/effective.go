package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// effective is what somebody may do, for the part "effective": by every policy that is bound to their groups, as the API has
// worked it out.
type effective struct {
	Listing *Listing // its pages are the API's
	Level   policyLevel
	Levels  []Choice
	Here    string
	Rows    []right
	Refusal *Refusal // why it cannot be told; nil where it can
}

// rightsOf is what the template of all rights gets.
type rightsOf struct {
	Name, Back string // whose they are, and the page of that
	Rights     *effective
}

// right is a permission with what grants or refuses it.
type right struct {
	Permission string `json:"permission"`
	Effects    []struct {
		Effect     string      `json:"effect"`
		Conditions []condition `json:"conditions"`
		Policies   []origin    `json:"effectivePolicies"`
	} `json:"effects"`
}

// origin is where a statement comes from.
type origin struct {
	Policy  policyRef `json:"policy"`
	Binding struct {
		Group string `json:"groupUuid"`
		leveled
	} `json:"binding"`
}

// Path is the page of the binding.
func (o origin) Path() string {
	return to("/bindings", o.Binding.Level().Key(), o.Policy.UUID, o.Binding.Group)
}

// condition is one of a statement, as the API writes it.
type condition struct {
	Name     string   `json:"name"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// String is the condition on one line.
func (c condition) String() string {
	quoted := make([]string, len(c.Values))
	for i, value := range c.Values {
		quoted[i] = strconv.Quote(value)
	}
	return fmt.Sprintf("%s %s %s", c.Name, c.Operator, strings.Join(quoted, ", "))
}

// rightsPage is how many permissions a page has.
const rightsPage = 50

// effective asks the API what a user or a group may do at the level that the address names, the environment where it names
// none. It is for the page with this path; on another one are the first rights only.
func (v *visit) effective(here place, kind, id, path string) (*effective, error) {
	l := &Listing{Path: path, Number: 1}
	if v.r.URL.EscapedPath() == path {
		l = v.readListing(path, "at")
	}
	e := &effective{Listing: l, Level: here.environment(), Here: path}
	levels, err := v.levels(here)
	if err != nil {
		return nil, err
	}
	if at := l.Get("at"); at != "" {
		if e.Level, err = policyLevelOf(at); err != nil {
			return nil, err
		}
	}
	e.Levels = choicesOf(levels)
	number := 1
	var page struct {
		Permissions []right `json:"effectivePermissions"`
		Total       int     `json:"total"`
	}
	query := url.Values{"entityId": {id}, "entityType": {kind}, "size": {strconv.Itoa(rightsPage)}, "page": {"1"}}
	if l.Key != "" {
		query.Set("page", l.Key)
		number, _ = strconv.Atoi(l.Key) // the API refuses what is none
	}
	err = v.api.Get(strings.Replace(e.Level.api("effectivepermissions"), "/repo/", "/iam/v1/resolution/", 1), query, &page)
	if r := refused(err); r != nil && (r.Status == http.StatusForbidden || r.Status == http.StatusBadRequest || r.Status == http.StatusNotFound) {
		e.Refusal = r
		return e, nil
	}
	if err != nil {
		return nil, err
	}
	e.Rows, l.Total, l.Shown = page.Permissions, page.Total, len(page.Permissions)
	if number*rightsPage < page.Total {
		l.Next = strconv.Itoa(number + 1)
	}
	return e, nil
}
