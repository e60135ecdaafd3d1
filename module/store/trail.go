package store

import (
	"context"
	"iter"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/query"
)

// VerifyTrail walks over the audit trail in pages. The head comes first: what a gateway writes meanwhile only adds to it. A head of
// earlier that is not zero must still be in the chain.
func VerifyTrail(ctx context.Context, s Store, noted audit.Digest) (audit.Report, error) {
	head, err := s.AuditHead(ctx)
	if err != nil {
		return audit.Report{}, err
	}
	return audit.Verify(links(ctx, s), audit.Anchor{Head: head, Noted: noted})
}

func links(ctx context.Context, s Store) iter.Seq2[audit.Link, error] {
	return func(yield func(audit.Link, error) bool) {
		for after, more := int64(0), true; more; {
			page, err := s.AuditChain(ctx, after, query.MaxAuditPage)
			if err != nil {
				yield(audit.Link{}, err)
				return
			}
			for _, l := range page {
				if !yield(l, nil) {
					return
				}
				after = l.ID
			}
			more = len(page) == query.MaxAuditPage
		}
	}
}
