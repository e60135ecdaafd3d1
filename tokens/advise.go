package tokens

import (
	"context"
	"slices"
	"time"
)

const (
	// adviceWindow is how far back the use of scopes is looked at.
	adviceWindow = 30 * 24 * time.Hour
	// useGrain is how long a use of a scope may go unrecorded after the last one was. A record this much older than the
	// window may stand for a use within it.
	useGrain = time.Hour
)

// Hygiene is what a token could do without.
type Hygiene struct {
	Unused []string  // scopes with which no request since Since can have got through
	Since  time.Time // 30 days ago; later for a younger token, and for one of which not all uses are kept
}

// Advice is the smallest set of a token's scopes that everything since Since would have got through with.
type Advice struct {
	Token Record
	Keep  []string // sorted
	Drop  []string // the others
	Since time.Time
	Uses  []ScopeUse // since then, newest first; of the alternatives only those that the token holds
}

// Hygiene says what is known of the use of a token's scopes.
func (s *Service) Hygiene(ctx context.Context, r Record) (Hygiene, error) {
	uses, since, err := s.recentUses(ctx, r)
	if err != nil {
		return Hygiene{}, err
	}
	unused := slices.DeleteFunc(slices.Clone(r.Scopes), func(value string) bool {
		return slices.ContainsFunc(uses, func(u ScopeUse) bool { return slices.Contains(u.Alternatives, value) })
	})
	return Hygiene{Unused: unused, Since: since}, nil
}

// Advise proposes which scopes a token should keep, judging by what it was used for. fault.NotFound when there is no such
// token.
func (s *Service) Advise(ctx context.Context, id string) (Advice, error) {
	r, err := s.Show(ctx, id)
	if err != nil {
		return Advice{}, err
	}
	uses, since, err := s.recentUses(ctx, r)
	if err != nil {
		return Advice{}, err
	}
	sets := make([][]string, len(uses))
	for i, use := range uses {
		sets[i] = use.Alternatives
	}
	keep := hittingSet(sets)
	return Advice{Token: r, Keep: keep, Drop: without(r.Scopes, keep), Since: since, Uses: uses}, nil
}

// recentUses are the uses within the window that the token's present scopes account for. Where the store has thrown the
// oldest away because there were too many, the window begins at the oldest that is left: before that, nothing is known.
func (s *Service) recentUses(ctx context.Context, r Record) (recent []ScopeUse, since time.Time, err error) {
	since = s.now().Add(-adviceWindow)
	if r.Created.After(since) {
		since = r.Created
	}
	uses, err := s.config.Store.ScopeUses(ctx, r.ID)
	if err != nil {
		return nil, since, storeFault(err)
	}
	if len(uses) >= MaxScopeUses {
		if oldest := uses[len(uses)-1].At; oldest.After(since) {
			since = oldest
		}
	}
	for _, use := range uses {
		held := slices.DeleteFunc(slices.Clone(use.Alternatives), func(value string) bool { return !slices.Contains(r.Scopes, value) })
		if len(held) > 0 && !use.At.Before(since.Add(-useGrain)) {
			recent = append(recent, ScopeUse{ID: use.ID, Alternatives: held, At: use.At})
		}
	}
	return recent, since, nil
}
