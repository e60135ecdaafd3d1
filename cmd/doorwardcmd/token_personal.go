package doorwardcmd

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

// tokenPersonal is the switch for personal tokens, off in every environment until somebody turns it on.
func tokenPersonal() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "personal on|off|status",
		Short: "Switches personal access tokens on or off",
		Long: `Switches personal access tokens on or off in an environment. They are off until somebody turns them on. Off, none are made by
the API, and those there are get refused until it is on again.`,
	}
	beNoun(cmd)
	cmd.AddCommand(
		personalVerb("on", "Lets personal tokens be made and used", mayBeNew, switchPersonal(true)),
		personalVerb("off", "Refuses personal tokens, also those there are", mustExist, switchPersonal(false)),
		personalVerb("status", "Tells whether personal tokens are on", mustExist, nil),
	)
	return cmd
}

// switching is what a verb does to the switch of an environment.
type switching func(cmd *cobra.Command, a *module.Administration, environment string) error

func switchPersonal(on bool) switching {
	return func(cmd *cobra.Command, a *module.Administration, environment string) error {
		return a.Tokens.SetPersonalTokens(cmd.Context(), actor(), environment, on)
	}
}

// personalVerb does something, if anything, and tells how the switch stands then.
func personalVerb(name, short string, p presence, do switching) *cobra.Command {
	var (
		store       storeFlags
		environment string
	)
	cmd := &cobra.Command{Use: name, Short: short}
	store.register(cmd)
	cmd.Flags().StringVar(&environment, "environment", "", "Environment (default the config's)")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, p, func(a *module.Administration) error {
			place := cmp.Or(environment, a.Environment)
			if do != nil {
				if err := do(cmd, a, place); err != nil {
					return err
				}
			}
			settings, err := a.Tokens.Settings(cmd.Context(), place)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "personal tokens are %s in environment %s\n", onOff(settings.PersonalTokens), place)
			return err
		})
	})
	return cmd
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// remarkIfRefused warns whoever has just made a personal token that the gate does not take it yet.
func remarkIfRefused(cmd *cobra.Command, a *module.Administration, r tokens.Record) error {
	if !r.Personal {
		return nil
	}
	settings, err := a.Tokens.Settings(cmd.Context(), r.Environment)
	if err == nil && !settings.PersonalTokens {
		remark(cmd, "note: the gate refuses personal tokens of environment %s until `%s personal on --environment %s`",
			r.Environment, cmd.Parent().CommandPath(), r.Environment)
	}
	return err
}
