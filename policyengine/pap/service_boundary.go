package pap

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/parser"
)

// BoundaryAttributes is what a caller decides about a boundary.
type BoundaryAttributes struct {
	Name     string            // 1 … 250 characters
	Query    string            // must parse and fit the catalogue
	Metadata map[string]string // the client's own; at most 200 pairs
}

// Boundary returns the boundary with this identifier in this account. fault.NotFound when there is none.
func (s *Service) Boundary(ctx context.Context, account, uuid string) (Boundary, error) {
	uuid, err := canonicalUUID(uuid)
	if err != nil {
		return Boundary{}, err
	}
	b, err := s.config.Store.Boundary(ctx, uuid)
	if err == nil && b.AccountID != account {
		err = ErrNotFound
	}
	if err != nil {
		return Boundary{}, boundaryWords.fault(err)
	}
	return b, nil
}

// Boundaries returns a page of the boundaries of an account, by identifier.
func (s *Service) Boundaries(ctx context.Context, q BoundaryQuery) ([]Boundary, error) {
	if err := checkLevelID(q.AccountID); err != nil {
		return nil, err
	}
	page, err := s.config.Store.Boundaries(ctx, q)
	return page, boundaryWords.fault(err)
}

// CreateBoundary stores a new boundary, under an identifier of the caller's (RFC 9562 version 4) or, for "", a random one.
// It returns the boundary and the warnings about its text. Of a text with errors nothing is stored; the cause of the fault
// is a *[DiagnosticsError].
func (s *Service) CreateBoundary(ctx context.Context, actor, account, uuid string, a BoundaryAttributes) (Boundary, ast.Diagnostics, error) {
	if err := checkLevelID(account); err != nil {
		return Boundary{}, nil, err
	}
	warnings, err := s.CheckBoundary(a)
	if err != nil {
		return Boundary{}, nil, err
	}
	if uuid, err = s.chosenUUID(uuid); err != nil {
		return Boundary{}, nil, err
	}
	b := Boundary{UUID: uuid, AccountID: account, Name: a.Name, Query: a.Query, Metadata: clonePairs(a.Metadata), Created: s.now()}
	defer s.config.OnChange(feed.Boundary, uuid)
	e := s.made(actor, "boundary.create", uuid, boundaryDetail(account, a), auditedBoundary(b))
	if err := s.config.Store.CreateBoundary(ctx, b, s.config.Limits.Boundaries, e); err != nil {
		return Boundary{}, nil, boundaryWords.fault(err)
	}
	return b, warnings, nil
}

// CheckBoundary says what CreateBoundary would say about these attributes, and stores nothing.
func (s *Service) CheckBoundary(a BoundaryAttributes) (warnings ast.Diagnostics, err error) {
	if err := s.checkNames("boundary", a.Name, ""); err != nil {
		return nil, err
	}
	if err := s.checkPairs("metadata", a.Metadata); err != nil {
		return nil, err
	}
	if err := s.checkSecret("text of a boundary", a.Query); err != nil {
		return nil, err
	}
	tree, found := parser.ParseBoundary(a.Query)
	if tree != nil {
		found = append(found, s.config.Catalog.CheckBoundary(tree, s.config.Mode)...)
		found.Sort()
	}
	if found.HasErrors() {
		return nil, textFault("", found)
	}
	return found, nil
}

// UpdateBoundary replaces what a caller decides about a boundary. Every binding that uses it must still be possible. It
// returns the warnings about the text.
func (s *Service) UpdateBoundary(ctx context.Context, actor, account, uuid string, a BoundaryAttributes) (ast.Diagnostics, error) {
	uuid, err := canonicalUUID(uuid)
	if err != nil {
		return nil, err
	}
	warnings, err := s.CheckBoundary(a)
	if err != nil {
		return nil, err
	}
	change := func(b *Boundary) error {
		if b.AccountID != account {
			return ErrNotFound
		}
		b.Name, b.Query, b.Metadata, b.Modified = a.Name, a.Query, clonePairs(a.Metadata), s.now()
		return nil
	}
	defer s.config.OnChange(feed.Boundary, uuid)
	e := s.event(actor, "boundary.update", uuid, boundaryDetail(account, a))
	if err := boundaryWords.fault(s.config.Store.UpdateBoundary(ctx, uuid, e, change, s.stillBind)); err != nil {
		return nil, err
	}
	return warnings, nil
}

// PutBoundary is UpdateBoundary, or CreateBoundary under this identifier where there is no such boundary. It reports
// whether the boundary is new, and returns it where it is. One of another account is fault.NotFound.
func (s *Service) PutBoundary(ctx context.Context, actor, account, uuid string, a BoundaryAttributes) (b Boundary, created bool, err error) {
	_, err = s.UpdateBoundary(ctx, actor, account, uuid, a)
	if err == nil || !isMissing(err) {
		return Boundary{}, false, err
	}
	b, _, failed := s.CreateBoundary(ctx, actor, account, uuid, a)
	if errors.Is(failed, ErrExists) {
		// The identifier may be the one that is taken, and not the name.
		if _, there := s.config.Store.Boundary(ctx, strings.ToLower(uuid)); there == nil {
			return Boundary{}, false, err
		}
	}
	return b, failed == nil, failed
}

// DeleteBoundary removes a boundary. While a binding uses it this is refused, by the documented sentence.
func (s *Service) DeleteBoundary(ctx context.Context, actor, account, uuid string) error {
	b, err := s.Boundary(ctx, account, uuid)
	if err != nil {
		return err
	}
	detail := boundaryDetail(account, BoundaryAttributes{Name: b.Name, Query: b.Query})
	defer s.config.OnChange(feed.Boundary, b.UUID)
	e := s.gone(actor, "boundary.delete", b.UUID, detail, auditedBoundary(b))
	return boundaryWords.fault(s.config.Store.DeleteBoundary(ctx, b.UUID, e))
}

func boundaryDetail(account string, a BoundaryAttributes) any {
	return struct {
		Account string `json:"account"`
		Name    string `json:"name"`
		Query   text   `json:"query"`
	}{account, a.Name, text(a.Query)}
}

// clonePairs makes an empty map nil, as stores return it.
func clonePairs(pairs map[string]string) map[string]string {
	if len(pairs) == 0 {
		return nil
	}
	return maps.Clone(pairs)
}
