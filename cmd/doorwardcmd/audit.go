package doorwardcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/store"
)

var auditNoun = caddycmd.Command{
	Name:  "audit",
	Usage: "list|verify",
	Short: "Shows who changed what, and who tried to; checks that nothing in that was changed",
	Long: `
Shows the audit trail of the store that the config names or that --store names: every change of tokens, policies, groups, users
and settings, every attempt at one through the API that was refused, and what remote support staff did.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(auditList(time.Now), auditVerify())
	},
}

// auditFlags select events of the trail.
type auditFlags struct {
	query  store.AuditQuery
	since  string
	failed bool
	limit  int
}

func auditList(now func() time.Time) *cobra.Command {
	var (
		place  storeFlags
		wanted auditFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lists changes and attempts, newest first",
		Long:  "Lists changes and attempts, newest first: a table, or a JSON array. Secrets are masked in whatever is kept of them.",
	}
	place.register(cmd)
	wanted.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array, with what changed")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		if err := wanted.read(now()); err != nil {
			return err
		}
		return withStore(cmd.Context(), &place, mustExist, func(a *module.Administration) error {
			pages := wanted.pages(cmd.Context(), a.Store)
			if asJSON {
				return writeArray(cmd.OutOrStdout(), pages, eventViewOf)
			}
			return writeEvents(cmd.OutOrStdout(), pages)
		})
	})
	return cmd
}

func (f *auditFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.query.Actor, "actor", "", "Only by this token, user, or cli:<system user>")
	flags.StringVar(&f.query.Object, "object", "", "Only about the thing with this identifier")
	flags.StringVar(&f.query.Action, "action", "", "Only of this kind, as token.create")
	flags.BoolVar(&f.failed, "failed", false, "Only attempts that changed nothing")
	flags.StringVar(&f.since, "since", "", "Only of this last time, as 24h or 7d")
	flags.IntVar(&f.limit, "limit", 100, "At most so many; 0 for all")
}

func (f *auditFlags) read(now time.Time) error {
	if f.limit < 0 {
		return usageErrorf("--limit is a number of events, 0 for all")
	}
	if f.since == "" {
		return nil
	}
	back, err := caddy.ParseDuration(f.since)
	if err != nil || back <= 0 {
		return usageErrorf("--since is a length of time, such as 24h or 7d")
	}
	f.query.From = now.Add(-back)
	return nil
}

// pages walks over the trail page by page, up to the limit. Failed attempts are picked out here, so that a page may be
// short or empty without being the last.
func (f *auditFlags) pages(ctx context.Context, s store.Store) iter.Seq2[[]audit.Event, error] {
	query := f.query
	query.Limit = pageSize
	if !f.failed && f.limit > 0 {
		query.Limit = min(f.limit, pageSize)
	}
	return func(yield func([]audit.Event, error) bool) {
		for left := f.limit; f.limit == 0 || left > 0; {
			read, err := s.AuditEvents(ctx, query)
			page := f.picked(read)
			if f.limit > 0 {
				page = page[:min(len(page), left)]
			}
			if !yield(page, err) || err != nil || len(read) < query.Limit {
				return
			}
			left -= len(page)
			query.After = read[len(read)-1].ID
		}
	}
}

func (f *auditFlags) picked(events []audit.Event) []audit.Event {
	if !f.failed {
		return events
	}
	var picked []audit.Event
	for _, e := range events {
		if e.Failed {
			picked = append(picked, e)
		}
	}
	return picked
}

// eventView is an event as --json shows it.
type eventView struct {
	ID          int64           `json:"id"`
	Time        string          `json:"time"`
	Environment string          `json:"environment,omitempty"`
	Actor       string          `json:"actor"`
	Origin      string          `json:"origin,omitempty"`
	Decision    string          `json:"decision,omitempty"`
	Action      string          `json:"action"`
	Object      string          `json:"object,omitempty"`
	Success     bool            `json:"success"`
	Message     string          `json:"message,omitempty"`
	Detail      json.RawMessage `json:"detail,omitempty"`
	Patch       json.RawMessage `json:"patch,omitempty"`
	Outcome     *outcomeView    `json:"outcome,omitempty"` // absent where it is not known
}

// outcomeView is what became of a request that was recorded before it was forwarded.
type outcomeView struct {
	Time       string `json:"time"`
	Status     int    `json:"status"`
	Bytes      int64  `json:"bytes"`
	BodyDigest string `json:"bodyDigest,omitempty"` // hex SHA-256 of the request's body
	Cut        string `json:"cut,omitempty"`        // why it was ended early
}

func eventViewOf(e audit.Event) eventView {
	return eventView{
		ID: e.ID, Time: momentOr(e.Time, ""), Environment: e.Environment, Actor: e.Actor, Origin: e.Origin, Decision: e.Decision,
		Action: e.Action, Object: e.Object, Success: !e.Failed, Message: e.Message, Detail: stored(e.Detail), Patch: stored(e.Patch),
		Outcome: outcomeViewOf(e.Outcome),
	}
}

func outcomeViewOf(o *audit.Outcome) *outcomeView {
	if o == nil {
		return nil
	}
	return &outcomeView{Time: momentOr(o.At, ""), Status: o.Status, Bytes: o.Bytes, BodyDigest: o.BodyDigest, Cut: o.Cut}
}

// stored is JSON as it was written; what is none after all becomes a text, so that one bad event does not hide the others.
func stored(text string) json.RawMessage {
	if text == "" || json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, _ := json.Marshal(text) // a text can always be
	return quoted
}

func writeEvents(w io.Writer, pages iter.Seq2[[]audit.Event, error]) error {
	return writePages(w, "TIME\tACTOR\tFROM\tACTION\tOBJECT\tOUTCOME", pages, func(w io.Writer, e audit.Event) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", momentOr(e.Time, "-"), oneLine(e.Actor), orDash(e.Origin), e.Action,
			orDash(oneLine(e.Object)), oneLine(outcomeText(e)))
	})
}

// outcomeText is how it ended, as far as that is known, and what there is to say about it.
func outcomeText(e audit.Event) string {
	text := "done"
	switch o := e.Outcome; {
	case e.Failed:
		text = "refused"
	case o != nil && o.Cut != "":
		text = fmt.Sprintf("%d, %d bytes, cut: %s", o.Status, o.Bytes, o.Cut)
	case o != nil:
		text = fmt.Sprintf("%d, %d bytes", o.Status, o.Bytes)
	case e.Revision == 0:
		text = "recorded" // which is all that is known
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}
