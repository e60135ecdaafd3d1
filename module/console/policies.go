package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// policyPages are policies: what they say, where they are bound, and what they would change as shadows.
func (c *Console) policyPages() {
	c.read("GET /policies", (*visit).listPolicies)
	c.read("GET /policies.csv", exportPolicies("csv"))
	c.read("GET /policies.json", exportPolicies("json"))
	c.read("GET /policies/new", (*visit).askNewPolicy)
	c.write("POST /policies/new", (*visit).createPolicy)
	c.write("POST /policies/check", (*visit).checkTyped)
	c.read("GET /policies/catalog", (*visit).policyWords)
	const one = "/policies/{level}/{id}"
	c.read("GET "+one, (*visit).showPolicy)
	c.read("GET "+one+"/edit", (*visit).askEditPolicy)
	c.write("POST "+one+"/edit", (*visit).editPolicy)
	c.write("POST "+one+"/shadow", switchShadow(true, "shadow"))
	c.write("POST "+one+"/live", switchShadow(false, "live"))
	c.dangerous(one+"/delete", (*visit).askDeletePolicy, (*visit).deletePolicy)
}

// policyLevel is where a policy lives. In addresses of the console it is a Key: "account", "global", or "environment:" with the
// identifier of one.
type policyLevel struct{ Type, ID string }

// The levels of which there is one for each caller.
var (
	accountPolicies = policyLevel{"account", ""}
	builtInPolicies = policyLevel{"global", "global"}
)

const environmentKey = "environment:"

// policyLevelOf reads a Key. The error is that of a page which is not there.
func policyLevelOf(key string) (policyLevel, error) {
	switch id, ok := strings.CutPrefix(key, environmentKey); {
	case key == accountPolicies.Key():
		return accountPolicies, nil
	case key == builtInPolicies.Key():
		return builtInPolicies, nil
	case ok && id != "":
		return policyLevel{"environment", id}, nil
	}
	return policyLevel{}, &Refusal{Status: http.StatusNotFound, Message: "There is no such level."}
}

// Key is how addresses of the console name the level.
func (l policyLevel) Key() string {
	if l.Type == "environment" {
		return environmentKey + l.ID
	}
	return l.Type
}

// Label is how people are told of it.
func (l policyLevel) Label() string {
	switch l.Type {
	case "environment":
		return "Environment " + l.ID
	case "global":
		return "Built in"
	}
	return "Account"
}

// BuiltIn reports whether nobody can change what is at the level.
func (l policyLevel) BuiltIn() bool { return l == builtInPolicies }

// api is a path of the API below the level. The account is called a cluster there: a cluster is the account of the caller whatever
// its identifier, which a page need not know then.
func (l policyLevel) api(parts ...string) string {
	if l.Type == "account" {
		l = policyLevel{"cluster", "own"}
	}
	return to("/repo", append([]string{l.Type, l.ID}, parts...)...)
}

// page is that of one policy at the level.
func (l policyLevel) page(id string) string { return to("/policies", l.Key(), id) }

// policyStub is a policy in a listing.
type policyStub struct {
	ID          string      `json:"uuid"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Shadow      bool        `json:"shadow"`
	LevelType   string      `json:"levelType"`
	LevelID     string      `json:"levelId,omitempty"` // of an environment
	Level       policyLevel `json:"-"`
}

// Path is the page of the policy.
func (p policyStub) Path() string { return p.Level.page(p.ID) }

// policyList is what the template of the listing gets.
type policyList struct {
	Listing  *Listing
	Policies []policyStub
	Levels   []Choice
}

func (v *visit) listPolicies() error {
	l := v.policyListing()
	all, levels, err := v.policiesListed(l)
	if err != nil {
		return err
	}
	l.Shown, l.Total = len(all), len(all)
	content := policyList{Listing: l, Policies: all, Levels: append([]Choice{{"", "Every level"}}, choicesOf(levels)...)}
	return v.show(http.StatusOK, "policies", Page{Title: "Policies", Section: "policies", Content: content, Outcomes: policyOutcomes("")})
}

func (v *visit) policyListing() *Listing {
	l := v.readListing("/policies", "q", "level", "sort")
	l.Order = "level"
	return l
}

// policiesListed are the policies that a listing is narrowed to, and the levels that it can be narrowed to. The API has no pages
// here: a level has some hundred policies at most.
func (v *visit) policiesListed(l *Listing) (found []policyStub, levels []policyLevel, err error) {
	here, err := v.place()
	if err != nil {
		return nil, nil, err
	}
	if levels, err = v.levels(here); err != nil {
		return nil, nil, err
	}
	levels = append(levels, builtInPolicies)
	wanted := []policyLevel{accountPolicies, here.environment(), builtInPolicies}
	if key := l.Get("level"); key != "" {
		only, err := policyLevelOf(key)
		if err != nil {
			return nil, nil, err
		}
		if wanted = []policyLevel{only}; !slices.Contains(levels, only) {
			levels = append(levels, only)
		}
	}
	search := strings.ToLower(l.Get("q"))
	for _, level := range wanted {
		all, err := v.policiesAt(level)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range all {
			if strings.Contains(strings.ToLower(p.Name+"\n"+p.Description+"\n"+p.ID), search) {
				found = append(found, p)
			}
		}
	}
	sortPolicies(found, cmp.Or(l.Get("sort"), l.Order))
	return found, levels, nil
}

// policiesAt are those of one level, by name.
func (v *visit) policiesAt(level policyLevel) ([]policyStub, error) {
	var answer struct {
		Policies []policyStub `json:"policies"`
	}
	if err := v.api.Get(level.api("policies"), nil, &answer); err != nil {
		return nil, err
	}
	for i := range answer.Policies {
		p := &answer.Policies[i]
		p.Level, p.LevelType = level, level.Type
		if level.Type == "environment" {
			p.LevelID = level.ID
		}
	}
	sortPolicies(answer.Policies, "name")
	return answer.Policies, nil
}

// sortPolicies sorts by name; by level leaves the levels as they are, and turns them round where the order begins with "-".
func sortPolicies(all []policyStub, order string) {
	by := strings.TrimPrefix(order, "-")
	if by == "name" {
		slices.SortStableFunc(all, func(a, b policyStub) int {
			return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name))
		})
	}
	if by != order {
		slices.Reverse(all)
	}
}

func exportPolicies(kind string) serve {
	return func(v *visit) error {
		e := export{Name: "policies", Member: "policies", Columns: []string{"uuid", "name", "description", "shadow", "levelType", "levelId"}}
		e.Page = func(string) ([]json.RawMessage, string, int, error) {
			all, _, err := v.policiesListed(v.policyListing())
			rows := make([]json.RawMessage, len(all))
			for i, p := range all {
				if rows[i], err = json.Marshal(p); err != nil {
					return nil, "", 0, err
				}
			}
			return rows, "", len(rows), err
		}
		return e.write(v, kind)
	}
}

func policyOutcomes(one string) map[string]Outcome {
	return map[string]Outcome{
		"created": {Message: "The policy was created. It does nothing until it is bound to a group."},
		"edited":  {Message: "The policy was changed. What is decided from now on is decided by it."},
		"shadow":  {Message: "The policy is a shadow: it decides nothing any more, and what it would change is counted.", Undo: one + "/live"},
		"live":    {Message: "The policy is live: it decides from now on.", Undo: one + "/shadow"},
		"deleted": {Message: "The policy was deleted."},
	}
}
