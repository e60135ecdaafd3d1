package store

import (
	"context"

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
	links := audit.Pages(query.MaxAuditPage, func(after int64) ([]audit.Link, error) { return s.AuditChain(ctx, after, query.MaxAuditPage) })
	return audit.Verify(links, audit.Anchor{Head: head, Noted: noted})
}
