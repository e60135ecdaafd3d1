package doorwardcmd

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/store"
)

// exitUnreadable is the exit code where nothing can be said about the trail, which must not look like a broken one.
const exitUnreadable = 3

// digestName stands before a digest, so that it says what it is where it was noted.
const digestName = "sha256:"

func auditVerify() *cobra.Command {
	var (
		place  storeFlags
		noted  string
		asJSON bool
		whole  = true
	)
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Checks that nothing in the trail was changed or removed",
		Long: `Checks that the audit trail is what was written: every event carries a hash of itself and of the event before it, and the store
keeps the hash of the newest one, the head, apart from them. The first event that does not fit is named.

Who can write to the store can also compute a whole new chain. Note the head elsewhere from time to time, and give it with
--head: it must still be there.

The exit code is 0 when the trail is whole, 1 when it is not, 3 when it could not be read.`,
	}
	place.register(cmd)
	cmd.Flags().StringVar(&noted, "head", "", "A head of earlier, which must still be in the chain")
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON object")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		anchor, err := anchorAt(noted)
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &place, mustExist, func(a *module.Administration) error {
			report, err := store.VerifyTrail(cmd.Context(), a.Store, anchor)
			if err != nil {
				return err
			}
			whole = report.Break == nil
			return writeVerification(cmd.OutOrStdout(), report, asJSON)
		})
	})
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch err := run(cmd, args); {
		case errors.Is(err, errReported):
			return exitCode(cmd, exitUnreadable)
		case err == nil && !whole:
			return errReported
		default:
			return err
		}
	}
	return cmd
}

func anchorAt(noted string) (audit.Digest, error) {
	var anchor audit.Digest
	if noted == "" {
		return anchor, nil
	}
	if err := anchor.UnmarshalText([]byte(strings.TrimPrefix(noted, digestName))); err != nil {
		return anchor, usageErrorf("--head is what an earlier verification has shown: %s and 64 hexadecimal digits", digestName)
	}
	return anchor, nil
}

// verificationView is a verification as --json shows it.
type verificationView struct {
	Whole    bool       `json:"whole"`
	Events   int64      `json:"events"`           // of the chain, up to the break
	First    int64      `json:"first,omitempty"`  // of those
	Last     int64      `json:"last,omitempty"`   // of those
	Before   int64      `json:"before,omitempty"` // the chain; nothing can be said about them
	Outcomes int64      `json:"outcomes"`
	Head     string     `json:"head"`
	Break    *breakView `json:"break,omitempty"`
}

type breakView struct {
	Event   int64  `json:"event,omitempty"`
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

func verificationViewOf(r audit.Report) verificationView {
	v := verificationView{
		Whole: r.Break == nil, Events: r.Checked, First: r.First, Last: r.Last, Before: r.Before, Outcomes: r.Outcomes,
		Head: digestName + r.Head.String(),
	}
	if r.Break != nil {
		v.Break = &breakView{Event: r.Break.ID, Kind: string(r.Break.Kind), Message: r.Break.String()}
	}
	return v
}

func writeVerification(w io.Writer, r audit.Report, asJSON bool) error {
	if asJSON {
		return writeJSON(w, verificationViewOf(r))
	}
	if r.Checked > 0 {
		fmt.Fprintf(w, "%d events, first %d, last %d, head %s%s\n", r.Checked, r.First, r.Last, digestName, r.Head)
	} else {
		fmt.Fprintf(w, "0 events, head %s%s\n", digestName, r.Head)
	}
	if r.Before > 0 {
		fmt.Fprintf(w, "%d events before these are older than the chain and cannot be checked\n", r.Before)
	}
	if r.Break != nil {
		fmt.Fprintf(w, "broken: %s\n", *r.Break)
	}
	return nil
}
