package doorwardcmd

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/tokens/oauth2"
)

func clientRotate() *cobra.Command {
	var (
		place    clientFlags
		rotation oauth2.Rotation
		overlap  string
		asJSON   bool
	)
	cmd := &cobra.Command{
		Use: "rotate <identifier>", Short: "Gives a client another secret and shows it, once",
		Long: `Gives a client another secret, which goes to stdout and nothing else does. The old one is void at once, or after --overlap, in
which both are good. Access tokens that the client has stay good for the rest of their five minutes, unless --revoke-tokens takes
them back: do so where the secret has leaked.`,
	}
	place.register(cmd)
	cmd.Flags().StringVar(&overlap, "overlap", "", "How long the old secret stays good, as 24h or 7d, at most 30d (default not at all)")
	cmd.Flags().BoolVar(&rotation.RevokeTokens, "revoke-tokens", false, "Revoke the access tokens that the client has")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Show the secret and all about the client as JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		id, err := oneClient(cmd, args)
		if err != nil {
			return err
		}
		if overlap != "" {
			rotation.Overlap, err = caddy.ParseDuration(overlap)
			if err != nil || rotation.Overlap < 0 || rotation.Overlap > oauth2.MaxOverlap {
				return usageErrorf("--overlap is a length of time up to 30d, such as 24h or 7d")
			}
		}
		return withClients(cmd, &place, mustExist, func(d clientDesk) error {
			created, err := d.RotateSecret(cmd.Context(), actor(), d.account, id, rotation, nil)
			if err != nil {
				return withClientAdvice(cmd, err)
			}
			return showClientSecret(cmd, "rotated", created, asJSON)
		})
	})
	return cmd
}
