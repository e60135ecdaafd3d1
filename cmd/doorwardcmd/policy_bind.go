package doorwardcmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/policyengine/pap"
)

func policyBind() *cobra.Command {
	var (
		place                        placeFlags
		groups, parameters, boundary []string
		shadow, asJSON               bool
	)
	cmd := &cobra.Command{
		Use:   "bind <policy> --group <group>",
		Short: "Grants a policy to groups",
		Long: `Grants a policy to groups, in the whole account or in one environment. Every parameter of the policy, and of the
boundaries, gets a value with --param. Of several boundaries one must let a request through. The same policy can be bound
to a group again with other parameters; each binding grants by itself.`,
	}
	place.register(cmd)
	cmd.Flags().StringArrayVar(&groups, "group", nil, "Group to grant it to (required; may be repeated)")
	cmd.Flags().StringArrayVar(&parameters, "param", nil, "Value of a parameter, as name=value; may be repeated")
	cmd.Flags().StringArrayVar(&boundary, "boundary", nil, "Boundary of the account that narrows the grant; may be repeated")
	cmd.Flags().BoolVar(&shadow, "shadow", false, "Try the binding beside the live ones, without an effect")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Show the bindings as a JSON array")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		wanted, err := oneName(cmd, args, "policy")
		if err != nil {
			return err
		}
		if len(groups) == 0 {
			return usageErrorf("say who is granted it, with --group")
		}
		values, err := pairs("param", parameters)
		if err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			return d.bind(wanted, groups, boundary, pap.Terms{Parameters: values, Shadow: &shadow}, asJSON)
		})
	})
	return cmd
}

func (d desk) bind(policy string, groups, boundaries []string, terms pap.Terms, asJSON bool) error {
	p, err := d.policy(policy)
	if err != nil {
		return err
	}
	r := pap.BindRequest{Level: d.level(), Policy: p.UUID, Terms: terms}
	for _, name := range groups {
		g, err := d.group(name)
		if err != nil {
			return err
		}
		r.Groups = append(r.Groups, g.UUID)
	}
	for _, name := range boundaries {
		b, err := d.boundary(name)
		if err != nil {
			return err
		}
		r.Boundaries = append(r.Boundaries, b.UUID)
	}
	bound, warnings, err := d.policies.Bind(d.ctx, actor(), r)
	if found, ok := errors.AsType[*pap.DiagnosticsError](err); ok {
		return judgedText(p.Name, found.Diagnostics).refusal(d.cmd)
	}
	if err != nil {
		return err
	}
	if err := judgedText(p.Name, warnings).refusal(d.cmd); err != nil {
		return err
	}
	if asJSON {
		names, err := d.names()
		if err != nil {
			return err
		}
		return writeViews(d.cmd.OutOrStdout(), bound, names.view)
	}
	return d.tellBound("bound", p.Name, groups)
}

// tellBound tells what a binding came to, one line for each group.
func (d desk) tellBound(done, policy string, groups []string) error {
	preposition := "to"
	if done != "bound" {
		preposition = "from"
	}
	for _, group := range groups {
		_, err := fmt.Fprintf(d.cmd.OutOrStdout(), "%s %s %s %s at %s\n", done, oneLine(policy), preposition, oneLine(group), levelText(d.level()))
		if err != nil {
			return err
		}
	}
	return nil
}

func policyUnbind() *cobra.Command {
	var (
		place      placeFlags
		group      string
		parameters []string
		all        bool
	)
	cmd := &cobra.Command{
		Use:   "unbind <policy> --group <group>",
		Short: "Takes a policy away from a group",
		Long: `Takes a policy away from a group, in the account or in one environment, where it was bound there. Where it is bound with
several sets of parameters, --param names the one that goes, or --all takes all of them.`,
	}
	place.register(cmd)
	cmd.Flags().StringVar(&group, "group", "", "Group to take it from (required)")
	cmd.Flags().StringArrayVar(&parameters, "param", nil, "Parameter of the binding that goes, as name=value; may be repeated")
	cmd.Flags().BoolVar(&all, "all", false, "Take away the bindings with all parameters")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		wanted, err := oneName(cmd, args, "policy")
		if err != nil {
			return err
		}
		if group == "" {
			return usageErrorf("say who it is taken from, with --group")
		}
		if all && len(parameters) > 0 {
			return usageErrorf("--param and --all exclude each other")
		}
		r := pap.UnbindRequest{Multiple: all}
		if len(parameters) > 0 {
			if r.Parameters, err = pairs("param", parameters); err != nil {
				return err
			}
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			p, err := d.policy(wanted)
			if err != nil {
				return err
			}
			g, err := d.group(group)
			if err != nil {
				return err
			}
			r.Level, r.Policy, r.Group = d.level(), p.UUID, g.UUID
			if _, err := d.policies.Unbind(d.ctx, actor(), r); err != nil {
				return fmt.Errorf("%s; `%s bindings` shows what is bound", strings.TrimSuffix(explain(err), "."), cmd.Parent().CommandPath())
			}
			return d.tellBound("unbound", p.Name, []string{g.Name})
		})
	})
	return cmd
}
