package doorwardcmd

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/remote"
)

// requestView is a request as --json shows it. The first ten members are named, and written, as in the API.
type requestView struct {
	ID         string       `json:"requestId"`
	User       string       `json:"userId"`
	Reason     string       `json:"reason"`
	Days       int          `json:"requestedDays"`
	Role       string       `json:"role"`
	Created    int64        `json:"createdTimestamp"`    // Unix time in milliseconds
	Expires    *int64       `json:"expirationTimestamp"` // likewise
	State      remote.State `json:"state"`
	ChangedBy  *string      `json:"stateModifiedByUser"`
	Changed    string       `json:"stateModified,omitempty"`
	Ticket     string       `json:"ticket,omitempty"`
	By         string       `json:"requestedBy"`
	AskedRole  string       `json:"askedRole"`
	AskedDays  int          `json:"askedDays"`
	Approvals  []string     `json:"approvals"`
	Pending    string       `json:"pendingUntil,omitempty"`
	BreakGlass bool         `json:"breakGlass"`
	ReviewBy   string       `json:"reviewBy,omitempty"`
	Reviewed   string       `json:"reviewed,omitempty"`
	ReviewedBy string       `json:"reviewedByUser,omitempty"`
	Review     string       `json:"review,omitempty"`
}

func requestViewOf(r remote.Request) requestView {
	v := requestView{
		ID: r.ID, User: r.User, Reason: r.Reason, Days: r.Days, Role: r.Role.String(), Created: r.Created.UnixMilli(), State: r.State,
		Changed: momentOr(r.Changed, ""), Ticket: r.Ticket, By: r.By, AskedRole: r.AskedRole.String(), AskedDays: r.AskedDays,
		Approvals: notNull(r.Approvals), BreakGlass: r.BreakGlass,
		ReviewBy: momentOr(r.ReviewBy, ""), Reviewed: momentOr(r.Reviewed, ""), ReviewedBy: r.ReviewedBy, Review: r.Review,
	}
	if r.State == remote.Pending {
		v.Pending = momentOr(r.PendingUntil, "")
	}
	if !r.Expires.IsZero() {
		v.Expires = new(r.Expires.UnixMilli())
	}
	if r.ChangedBy != "" {
		v.ChangedBy = &r.ChangedBy
	}
	return v
}

// accessFlags select requests.
type accessFlags struct {
	state, user string
	unreviewed  bool
	limit       int
}

func remoteList() *cobra.Command {
	var (
		store  storeFlags
		wanted accessFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lists requests and grants, newest first",
		Long: `Lists requests and grants, newest first, whatever the setting is: a table, or a JSON array. What has lapsed is shown as
expired.`,
	}
	store.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&wanted.state, "state", "", "Only those that are pending, accepted, rejected or expired")
	flags.StringVar(&wanted.user, "user", "", "Only those for this user")
	flags.BoolVar(&wanted.unreviewed, "unreviewed", false, "Only access without approval that nobody has reviewed")
	flags.IntVar(&wanted.limit, "limit", 0, "At most so many (default all)")
	flags.BoolVar(&asJSON, "json", false, "A JSON array")
	_ = cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(stateWords, cobra.ShellCompDirectiveNoFileComp))
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		query, err := wanted.query(time.Now())
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			pages := requestPages(cmd.Context(), a.Store, query, wanted.limit)
			if asJSON {
				return writeArray(cmd.OutOrStdout(), pages, requestViewOf)
			}
			return writeRequests(cmd.OutOrStdout(), pages)
		})
	})
	return cmd
}

func (f *accessFlags) query(now time.Time) (q remote.Query, err error) {
	if f.limit < 0 {
		return q, usageErrorf("--limit is a number of requests, 0 for all")
	}
	q.Now, q.Unreviewed = now, f.unreviewed
	if q.State, err = stateOf("--state", f.state); err != nil || f.user == "" {
		return q, err
	}
	q.User, err = userOf(f.user)
	return q, err
}

// requestPages walks over the requests page by page, up to limit of them (0: all), each as it stands now. It goes around the
// service, whose listing is closed while the setting does not ask for approval.
func requestPages(ctx context.Context, s remote.Store, query remote.Query, limit int) iter.Seq2[[]remote.Request, error] {
	return func(yield func([]remote.Request, error) bool) {
		for left := limit; limit == 0 || left > 0; {
			query.Limit = remote.MaxPage
			if limit > 0 {
				query.Limit = min(left, remote.MaxPage)
			}
			page, err := s.RemoteRequests(ctx, query)
			for i := range page {
				page[i] = page[i].At(query.Now)
			}
			if !yield(page, err) || err != nil || len(page) < query.Limit {
				return
			}
			left -= len(page)
			last := page[len(page)-1]
			query.After = remote.Place{Created: last.Created, ID: last.ID}
		}
	}
}

func writeRequests(w io.Writer, pages iter.Seq2[[]remote.Request, error]) error {
	return writePages(w, "ID\tUSER\tROLE\tDAYS\tSTATE\tCREATED\tUNTIL\tNOTE\tREASON", pages, func(w io.Writer, r remote.Request) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, oneLine(r.User), r.Role, daysOf(r), strings.ToLower(string(r.State)),
			momentOr(r.Created, "-"), untilOf(r), orDash(noteOf(r)), oneLine(r.Reason))
	})
}

// daysOf is for how long a request is; access without approval lasts no whole day.
func daysOf(r remote.Request) string {
	if r.Days == 0 {
		return "-"
	}
	return strconv.Itoa(r.Days)
}

// untilOf is when a request comes to its end, or came to it, by itself or not.
func untilOf(r remote.Request) string {
	if r.State == remote.Pending {
		return momentOr(r.PendingUntil, "-")
	}
	return momentOr(r.Expires, "-")
}

// noteOf is what an administrator has to know of a request before anything else.
func noteOf(r remote.Request) string {
	switch {
	case r.BreakGlass && r.Reviewed.IsZero():
		return "not reviewed"
	case r.BreakGlass:
		return "reviewed"
	case r.State == remote.Pending && len(r.Approvals) > 0:
		return "needs another approver"
	}
	return ""
}

func remoteShow() *cobra.Command {
	var (
		store  storeFlags
		asJSON bool
	)
	cmd := &cobra.Command{Use: "show <identifier>", Short: "Shows all that is known of a request"}
	cmd.Flags().BoolVar(&asJSON, "json", false, "As JSON")
	remoteVerb(cmd, &store, noCheck, func(ctx context.Context, a *module.Administration, id string) error {
		r, err := a.Remote.Kept(ctx, id)
		if err != nil {
			return err
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), requestViewOf(r))
		}
		return writeFacts(cmd.OutOrStdout(), requestFacts(r))
	})
	return cmd
}

// noCheck is for a verb whose flags cannot be wrong.
func noCheck() error { return nil }

func requestFacts(r remote.Request) [][2]string {
	asked := fmt.Sprintf("%s for %s, by %s at %s", r.AskedRole, countOf(r.AskedDays, "day"), r.By, momentOr(r.Created, "-"))
	if r.BreakGlass {
		asked = fmt.Sprintf("%s, without approval, by %s at %s", r.AskedRole, r.By, momentOr(r.Created, "-"))
	}
	facts := [][2]string{
		{"id", r.ID}, {"user", r.User}, {"asked", asked}, {"reason", r.Reason}, {"ticket", orDash(r.Ticket)},
		{"role", r.Role.String()}, {"days", daysOf(r)}, {"state", strings.ToLower(string(r.State))},
		{"changed", momentOr(r.Changed, "never")}, {"changed by", orDash(r.ChangedBy)},
		{"approved by", orDash(strings.Join(r.Approvals, ", "))}, {"until", untilOf(r)},
	}
	if r.BreakGlass {
		facts = append(facts, [2]string{"review", reviewOf(r)})
	}
	return facts
}

func reviewOf(r remote.Request) string {
	if r.Reviewed.IsZero() {
		return "none yet; due by " + momentOr(r.ReviewBy, "-")
	}
	return fmt.Sprintf("by %s at %s: %s", r.ReviewedBy, momentOr(r.Reviewed, "-"), r.Review)
}
