package doorwardcmd

import (
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/pap"
)

// policyFlags are what is decided about a policy besides its text.
type policyFlags struct {
	name, description string
	tags              []string
	shadow            bool
}

func (f *policyFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "name", "", "Name, one of its kind at its level")
	cmd.Flags().StringVar(&f.description, "description", "", "What the policy is for")
	cmd.Flags().StringArrayVar(&f.tags, "tag", nil, "Tag; may be repeated")
	cmd.Flags().BoolVar(&f.shadow, "shadow", false, "Try the policy beside the live ones, without an effect; --shadow=false ends the trial")
}

func policyCreate() *cobra.Command {
	var (
		place      placeFlags
		attributes policyFlags
		uuid       string
		asJSON     bool
	)
	cmd := &cobra.Command{
		Use:   "create --name <name> <file>",
		Short: "Stores a policy",
		Long: `Stores the text of the file (- is standard input) as a policy of the account, or of one environment. Its identifier goes to
stdout. A text with errors is refused, and they are shown. The policy does nothing until it is bound to a group.`,
	}
	place.register(cmd)
	attributes.register(cmd)
	cmd.Flags().StringVar(&uuid, "id", "", "Identifier, a UUID of version 4 (default a new one)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Show the policy as JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		text, err := newText(cmd, args, &place, policyGrammar, attributes.name)
		if err != nil {
			return err
		}
		return withDesk(cmd, &place, mayBeNew, func(d desk) error {
			wanted := pap.PolicyAttributes{
				Name: attributes.name, Description: attributes.description, Tags: attributes.tags, Statement: text.text,
				Shadow: &attributes.shadow,
			}
			p, _, err := d.policies.CreatePolicy(d.ctx, actor(), d.level(), uuid, wanted)
			if err != nil {
				return err
			}
			remark(cmd, "made %s at %s; it does nothing until it is bound to a group", p.Name, levelText(p.Level))
			return showMade(cmd, p.UUID, asJSON, policyViewOf(p))
		})
	})
	return cmd
}

// newText reads and judges the text for something new, before a store is made for it. Warnings are shown, errors refuse.
func newText(cmd *cobra.Command, args []string, place *placeFlags, g grammar, name string) (namedText, error) {
	switch {
	case name == "":
		return namedText{}, usageErrorf("say what the %s is called, with --name", g.noun)
	case len(args) != 1:
		return namedText{}, usageErrorf("name one file with the text of the %s, or - for standard input", g.noun)
	}
	return judgedFile(cmd, args[0], place, g)
}

// judgedFile checks a text against what policies may name under the config that the command is for.
func judgedFile(cmd *cobra.Command, file string, place *placeFlags, g grammar) (namedText, error) {
	config, err := readConfig(place.config, place.adapter)
	if err != nil {
		return namedText{}, err
	}
	permissions, err := module.PolicyPermissions(config)
	if err != nil {
		return namedText{}, err
	}
	t, err := readText(cmd, file)
	if err != nil {
		return t, judgedText(file, fileProblem(g.noun, err)).refusal(cmd)
	}
	return t, judgedText(t.name, g.check(t.text, permissions)).refusal(cmd)
}

func policyUpdate() *cobra.Command {
	var (
		place      placeFlags
		attributes policyFlags
	)
	cmd := &cobra.Command{
		Use:   "update <policy> [<file>]",
		Short: "Changes a policy, or its text",
		Long: `Changes what the flags name, and the text where a file (- is standard input) is given; everything else stays. While the
policy is bound its parameters stay the same ones, and every binding must still be possible.`,
	}
	place.register(cmd)
	attributes.register(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		given := cmd.Flags().Changed
		if len(args) == 0 || len(args) > 2 || len(args) == 1 && !given("name") && !given("description") && !given("tag") && !given("shadow") {
			return usageErrorf("name one policy, and a file with its new text or what else is to be changed; see `%s --help`", cmd.CommandPath())
		}
		var text namedText
		if len(args) == 2 {
			var err error
			if text, err = judgedFile(cmd, args[1], &place, policyGrammar); err != nil {
				return err
			}
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			p, err := d.policy(args[0])
			if err != nil {
				return err
			}
			if given("name") {
				p.Name = attributes.name
			}
			if given("description") {
				p.Description = attributes.description
			}
			if given("tag") {
				p.Tags = attributes.tags
			}
			if len(args) == 2 {
				p.Statement = text.text
			}
			wanted := pap.PolicyAttributes{Name: p.Name, Description: p.Description, Tags: p.Tags, Statement: p.Statement}
			if given("shadow") {
				wanted.Shadow = &attributes.shadow
			}
			if _, err := d.policies.UpdatePolicy(d.ctx, actor(), p.Level, p.UUID, wanted); err != nil {
				return err
			}
			return d.changed("updated", p.UUID, p.Name)
		})
	})
	return cmd
}

func policyDelete() *cobra.Command {
	var (
		place placeFlags
		force bool
	)
	cmd := &cobra.Command{Use: "delete <policy>…", Short: "Removes policies for good, without asking back"}
	place.register(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "Remove the bindings of the policies too")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		names, err := someNames(cmd, args, "policy")
		if err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			return d.each(names, func(name string) error {
				p, err := d.policy(name)
				if err != nil {
					return err
				}
				if err := d.policies.DeletePolicy(d.ctx, actor(), p.Level, p.UUID, force); err != nil {
					return err
				}
				return d.changed("deleted", p.UUID, p.Name)
			})
		})
	})
	return cmd
}
