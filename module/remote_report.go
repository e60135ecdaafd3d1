package module

import (
	"context"
	"iter"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/query"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/report"
)

// RemoteReport tells what was done with a request for remote access. The head of the trail is read last, so that everything in
// the report lies before it. An error is one of the store.
func RemoteReport(ctx context.Context, s store.Store, r remote.Request, now time.Time) (report.Report, error) {
	made, err := report.Collect(r, eventsAbout(ctx, s, r.ID))
	if err != nil {
		return report.Report{}, err
	}
	head, err := s.AuditHead(ctx)
	if err != nil {
		return report.Report{}, err
	}
	if made.Made = now; head.Hash != (audit.Digest{}) {
		made.Head = head.Hash.String()
	}
	return made, nil
}

// eventsAbout walks over all that the trail has about one thing, oldest first. An error ends it.
func eventsAbout(ctx context.Context, s store.Store, object string) iter.Seq2[[]audit.Event, error] {
	return func(yield func([]audit.Event, error) bool) {
		q := store.AuditQuery{Object: object, OldestFirst: true, Limit: query.MaxAuditPage}
		for {
			page, err := s.AuditEvents(ctx, q)
			if !yield(page, err) || err != nil || len(page) < q.Limit {
				return
			}
			q.After = page[len(page)-1].ID
		}
	}
}
