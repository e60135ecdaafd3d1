package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// roleReach is what a role may do, as the API tells it.
type roleReach struct {
	Role        string   `json:"role"`
	Permissions []string `json:"permissions"`
	reachCounts
	Groups []struct {
		Name string `json:"name"`
		reachCounts
	} `json:"groups"`
	Endpoints []roleEndpoint `json:"reach"`
}

// reachCounts says how many endpoints are open, and so on.
type reachCounts struct {
	Open   int `json:"open"`
	Masked int `json:"masked"`
	Partly int `json:"partly"`
	Closed int `json:"closed"`
}

// Reached are those with anything in them for the role.
func (c reachCounts) Reached() int { return c.Open + c.Masked + c.Partly }

type roleEndpoint struct {
	Endpoint string `json:"endpoint"`
	Access   string `json:"access"`
}

// Mark is the colour of how much there is.
func (e roleEndpoint) Mark() string {
	switch e.Access {
	case "open":
		return "good"
	case "closed":
		return ""
	}
	return "warn"
}

func (v *visit) reach(role string) (roles []roleReach, endpoints int, err error) {
	query := url.Values{}
	if role != "" {
		query.Set("role", role)
	}
	var answer struct {
		Endpoints int         `json:"endpoints"`
		Roles     []roleReach `json:"roles"`
	}
	err = v.api.Get(remotePath+"/roles", query, &answer)
	return answer.Roles, answer.Endpoints, err
}

// permissionWords are what the permissions of roles allow, in the order in which they are shown.
var permissionWords = []struct{ Name, Means string }{
	{"env.read", "Look at data, settings and reports"},
	{"replay.masked", "Watch recorded sessions with personal data masked"},
	{"agent.debug", "Set debug flags of agents"},
	{"settings.write", "Change monitoring settings"},
	{"cluster.write", "Change what holds for the whole cluster"},
	{"agent.download", "Download agents, gateways and SDKs"},
	{"logs.read", "Read logs of applications"},
	{"capture.write", "Decide what is captured of requests; trigger memory dumps"},
	{"diag.exec", "Restart services, run diagnostics on hosts"},
	{"security.read", "Look at security problems"},
	{"security.write", "Manage security problems"},
	{"sensitive.read", "See what was captured of requests"},
	{"replay.unmasked", "Watch recorded sessions as they were"},
}

// rolesCompare has roles side by side.
type rolesCompare struct {
	Roles     []roleReach
	Endpoints int // of the gateway
	Rows      []roleRow
	Groups    []groupRow
}

// roleRow is a permission, and which of the roles have it.
type roleRow struct {
	Means string
	Has   []bool
}

// groupRow is a group of endpoints, and how much of it each of the roles reaches.
type groupRow struct {
	Name   string
	Counts []reachCounts
}

// compareRoles has the roles in the order in which they are asked for, nil where the API does not tell: what somebody
// decides about can be decided without.
func (v *visit) compareRoles(wanted []string) *rolesCompare {
	all, endpoints, err := v.reach("")
	if err != nil {
		return nil
	}
	return comparison(all, endpoints, wanted)
}

func comparison(all []roleReach, endpoints int, wanted []string) *rolesCompare {
	c := &rolesCompare{Endpoints: endpoints}
	for _, role := range wanted {
		if i := slices.IndexFunc(all, func(r roleReach) bool { return r.Role == role }); i >= 0 {
			c.Roles = append(c.Roles, all[i])
		}
	}
	for _, p := range permissionWords {
		row := roleRow{Means: p.Means}
		for _, r := range c.Roles {
			row.Has = append(row.Has, slices.Contains(r.Permissions, p.Name))
		}
		c.Rows = append(c.Rows, row)
	}
	if len(c.Roles) == 0 {
		return c
	}
	for i, g := range c.Roles[0].Groups { // the API has the same groups, in the same order, for each
		row := groupRow{Name: g.Name}
		for _, r := range c.Roles {
			if i < len(r.Groups) {
				row.Counts = append(row.Counts, r.Groups[i].reachCounts)
			}
		}
		c.Groups = append(c.Groups, row)
	}
	return c
}

func (v *visit) listRoles() error {
	all, endpoints, err := v.reach("")
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "remote_roles", Page{Title: "Roles of the support staff", Section: remoteSection, Content: comparison(all, endpoints, remoteRoles)})
}

// rolePage is what the template of one role gets.
type rolePage struct {
	Role      roleReach
	Words     string
	Listing   *Listing
	Endpoints []roleEndpoint
	Accesses  []Choice
}

var accessChoices = []Choice{
	{"", "Everything"}, {"open", "Open"}, {"masked", "Open, personal data masked"}, {"partly", "Partly open"}, {"closed", "Closed"},
}

func (v *visit) showRole() error {
	roles, _, err := v.reach(v.r.PathValue("role"))
	if err != nil || len(roles) != 1 {
		return err
	}
	content := rolePage{Role: roles[0], Words: roleWords[roles[0].Role], Accesses: accessChoices}
	content.Listing = v.readListing(to(remoteHome, "roles", roles[0].Role), "access", "q")
	access, words := content.Listing.Get("access"), strings.Fields(strings.ToLower(content.Listing.Get("q")))
	rows := slices.DeleteFunc(slices.Clone(roles[0].Endpoints), func(e roleEndpoint) bool {
		text := strings.ToLower(e.Endpoint)
		return access != "" && e.Access != access || slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
	})
	content.Endpoints = window(content.Listing, rows, nil)
	return v.show(http.StatusOK, "remote_role", Page{Title: roles[0].Role, Section: remoteSection, Content: content})
}
