package doorwardcmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// kinds are words for the prefixes that are built in and made here.
var kinds = map[string]string{"access": "dt0c01", "platform": tokens.KindPlatform}

func tokenCreate(now func() time.Time) *cobra.Command {
	var (
		store        storeFlags
		attributes   attributeFlags
		kind, prefix string
		asJSON       bool
	)
	cmd := &cobra.Command{
		Use:   "create --name <name> --scope <scope>[,<scope>…]",
		Short: "Makes a token and shows it, once",
		Long: `Makes a token. Its text goes to stdout and nothing else does, so that a script can take it:

	DOORWARD_TOKEN=$(… token create --name trial --scope metrics.read)

The text is shown this once and kept nowhere.

A platform token (--kind platform) acts for its owner with OAuth scopes, within the policies of the owner. A user has at most ten.

A token of remote support staff (--staff) reaches no further than the remote-access setting, and what its owner was granted, allow.
The mark stays for good. No administrator's token has it.`,
	}
	store.register(cmd)
	attributes.register(cmd)
	cmd.Flags().BoolVar(&attributes.administrator, "administrator", false, "The token may give scopes that it does not hold itself")
	cmd.Flags().StringSliceVar(&attributes.environments, "environments", nil, "All environments that a platform token is good for, up to 20")
	cmd.Flags().StringVar(&kind, "kind", "", "Kind of token: access or platform (default access)")
	cmd.Flags().StringVar(&prefix, "prefix", "", "Kind of token by its prefix, for kinds of the config's own")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Show the token and all about it as JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		chosen, err := choosePrefix(kind, prefix)
		if err != nil {
			return err
		}
		if err := attributes.checkKind(chosen); err != nil {
			return err
		}
		if err := attributes.check(); err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mayBeNew, func(a *module.Administration) error {
			wanted, err := attributes.attributes(a, now())
			if err != nil {
				return err
			}
			created, err := a.Tokens.Create(cmd.Context(), actor(), tokens.CreateRequest{Attributes: wanted, Prefix: chosen})
			if err != nil {
				return err
			}
			if err := showCreated(cmd, created, asJSON); err != nil {
				return err
			}
			return remarkIfRefused(cmd, a, created.Record)
		})
	})
	return cmd
}

// choosePrefix is "" for the default.
func choosePrefix(kind, prefix string) (string, error) {
	switch {
	case kind != "" && prefix != "":
		return "", usageErrorf("--kind and --prefix say the same thing; use one of them")
	case kind == "":
		return prefix, nil
	case kinds[kind] == "":
		return "", usageErrorf("--kind is access or platform; name any other kind by its --prefix")
	}
	return kinds[kind], nil
}

// checkKind finds what tokens of a kind do not have, and brings the owner of a platform token into the one spelling in which
// the tokens of a user are counted.
func (f *attributeFlags) checkKind(prefix string) error {
	if prefix != tokens.KindPlatform {
		if len(f.environments) > 0 {
			return usageErrorf("--environments is for platform tokens; any other token is good for one --environment")
		}
		return nil
	}
	owner, ok := jwt.CanonicalUser(f.owner)
	switch {
	case f.allScopes:
		// The scopes of the catalogue are those of access tokens; a platform token has OAuth scopes.
		return usageErrorf("--all-scopes is for access tokens; name the OAuth scopes of a platform token with --scope")
	case f.owner == "":
		return usageErrorf("say whom the platform token acts for, with --owner")
	case !ok:
		return usageErrorf("the --owner has no unambiguous spelling")
	case f.environment != "" && len(f.environments) > 0:
		return usageErrorf("--environment and --environments exclude each other")
	}
	f.owner = owner
	return nil
}

func showCreated(cmd *cobra.Command, created tokens.Created, asJSON bool) error {
	r, text := created.Record, created.Secret.Reveal()
	var err error
	if asJSON {
		v := viewOf(r)
		v.Token = text
		err = writeJSON(cmd.OutOrStdout(), v)
	} else {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
	}
	if err != nil {
		// Nobody has seen the token, and nobody ever will.
		return fmt.Errorf("the token %s was made but could not be shown: %w; delete it and make another", r.ID, err)
	}
	where := tokens.EnvironmentsOf(r)
	remark(cmd, "made %s (%s) for environment%s %s, with %s, expires: %s; the text is not shown again",
		r.ID, r.Name, plural(len(where)), strings.Join(where, ", "), countOf(len(r.Scopes), "scope"), momentOr(r.Expires, "never"))
	return nil
}

func countOf(n int, thing string) string { return fmt.Sprintf("%d %s%s", n, thing, plural(n)) }

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}
