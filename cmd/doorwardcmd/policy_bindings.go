package doorwardcmd

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/policyengine/pap"
)

func policyBindings() *cobra.Command {
	var (
		place  placeFlags
		group  string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "bindings [<policy>]",
		Short: "Lists what is bound to whom",
		Long:  `Lists the bindings at the account, or with --environment those that hold in that environment: its own and the account's.`,
	}
	place.register(cmd)
	cmd.Flags().StringVar(&group, "group", "", "Only those of this group")
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usageErrorf("name one policy, or none for all; see `%s --help`", cmd.CommandPath())
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			var q pap.BindingQuery
			if len(args) == 1 {
				p, err := d.policy(args[0])
				if err != nil {
					return err
				}
				q.PolicyUUID = p.UUID
			}
			if group != "" {
				g, err := d.group(group)
				if err != nil {
					return err
				}
				q.GroupUUID = g.UUID
			}
			return d.listBindings(q, asJSON)
		})
	})
	return cmd
}

func (d desk) listBindings(q pap.BindingQuery, asJSON bool) error {
	names, err := d.names()
	if err != nil {
		return err
	}
	var all []pap.Binding
	for _, level := range d.levels() {
		q.Level = level
		bindings, err := everything(func(page pap.Page) ([]pap.Binding, error) {
			return d.policies.Bindings(d.ctx, q, page)
		}, func(b pap.Binding) string { return b.ID })
		if err != nil {
			return err
		}
		slices.SortStableFunc(bindings, func(a, b pap.Binding) int {
			return cmp.Or(
				cmp.Compare(names.policies[a.PolicyUUID], names.policies[b.PolicyUUID]),
				cmp.Compare(names.groups[a.GroupUUID], names.groups[b.GroupUUID]),
				cmp.Compare(equations(a.Parameters), equations(b.Parameters)),
			)
		})
		all = append(all, bindings...)
	}
	if asJSON {
		return writeViews(d.cmd.OutOrStdout(), all, names.view)
	}
	return writeColumns(d.cmd.OutOrStdout(), "POLICY\tGROUP\tLEVEL\tPARAMETERS\tBOUNDARIES", all, func(b pap.Binding) []string {
		v := names.view(b)
		if b.Shadow {
			v.PolicyName += " (shadow)"
		}
		return []string{v.PolicyName, v.GroupName, levelText(b.Level), equations(b.Parameters), strings.Join(v.BoundaryNames, ", ")}
	})
}

// equations are parameters on one line, sorted.
func equations(parameters map[string]string) string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		texts = append(texts, name+"="+parameters[name])
	}
	return strings.Join(texts, " ")
}

// nameBook has the names of what bindings refer to, by identifier.
type nameBook struct{ policies, groups, boundaries map[string]string }

func (d desk) names() (nameBook, error) {
	book := nameBook{map[string]string{}, map[string]string{}, map[string]string{}}
	policies, err := d.allPolicies()
	if err != nil {
		return book, err
	}
	for _, p := range policies {
		book.policies[p.UUID] = p.Name
	}
	groups, err := d.allGroups()
	if err != nil {
		return book, err
	}
	for _, g := range groups {
		book.groups[g.UUID] = g.Name
	}
	boundaries, err := d.allBoundaries()
	for _, b := range boundaries {
		book.boundaries[b.UUID] = b.Name
	}
	return book, err
}

// bindingView is a binding as --json shows it. The identifiers have the names of the policy administration API.
type bindingView struct {
	Policy        string            `json:"policyUuid"`
	PolicyName    string            `json:"policyName"`
	Group         string            `json:"groupUuid"`
	GroupName     string            `json:"groupName"`
	LevelType     string            `json:"levelType"`
	LevelID       string            `json:"levelId"`
	Parameters    map[string]string `json:"parameters"`
	Boundaries    []string          `json:"boundaries"`
	BoundaryNames []string          `json:"boundaryNames"`
	Shadow        bool              `json:"shadow,omitempty"` // on trial: it has no effect
}

// view names what a binding refers to. What was made since the names were read goes by its identifier.
func (n nameBook) view(b pap.Binding) bindingView {
	v := bindingView{
		Policy: b.PolicyUUID, PolicyName: cmp.Or(n.policies[b.PolicyUUID], b.PolicyUUID),
		Group: b.GroupUUID, GroupName: cmp.Or(n.groups[b.GroupUUID], b.GroupUUID),
		LevelType: string(b.Level.Type), LevelID: b.Level.ID,
		Parameters: b.Parameters, Boundaries: notNull(b.Boundaries), BoundaryNames: []string{}, Shadow: b.Shadow,
	}
	if v.Parameters == nil {
		v.Parameters = map[string]string{}
	}
	for _, uuid := range b.Boundaries {
		v.BoundaryNames = append(v.BoundaryNames, cmp.Or(n.boundaries[uuid], uuid))
	}
	return v
}
