package tokens

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxScopeGroups bounds the distinct lists of alternatives whose use is noted. The endpoint tables decide how many there
// are; they have some hundreds.
const maxScopeGroups = 4096

// ScopeGroup is a list of scopes of which an endpoint asks for any one. A Verifier has one ScopeGroup for each list, so
// that two are compared by their addresses.
type ScopeGroup struct {
	names []string // sorted, without duplicates, at least one
}

// scopeGroups makes equal lists the same group.
type scopeGroups struct {
	mu     sync.Mutex
	byText map[string]*ScopeGroup
}

// ScopeGroup returns the group of these alternatives, in whatever order and however often each is named. It is nil for
// none of them, and for a list that would be one more than the 4,096 that are kept; NoteScopes takes no notice of nil.
// Call it where endpoints are set up, not for each request.
func (v *Verifier) ScopeGroup(names []string) *ScopeGroup {
	if len(names) == 0 {
		return nil
	}
	sorted := make([]string, len(names))
	for i, name := range names {
		sorted[i] = strings.Clone(name) // a name may be a part of a whole file
	}
	slices.Sort(sorted)
	return v.groups.intern(slices.Compact(sorted))
}

func (g *scopeGroups) intern(sorted []string) *ScopeGroup {
	var text strings.Builder
	for _, name := range sorted {
		// The lengths keep ["a", "b"] and ["ab"] apart, whatever is in a name.
		text.WriteString(strconv.Itoa(len(name)) + ":" + name)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if known := g.byText[text.String()]; known != nil {
		return known
	}
	if len(g.byText) >= maxScopeGroups {
		return nil
	}
	if g.byText == nil {
		g.byText = make(map[string]*ScopeGroup)
	}
	made := &ScopeGroup{names: slices.Clip(sorted)}
	g.byText[text.String()] = made
	return made
}

// hourOfScopes is what was noted of a token within one hour. It is immutable.
type hourOfScopes struct {
	hour   int64 // since 1970
	groups []*ScopeGroup
}

// covers reports whether these are the notes for hour. A request that began just before the hour is over still belongs
// to the next one's notes, once there are some: two of them must not throw away each other's.
func (h *hourOfScopes) covers(hour int64) bool {
	return h != nil && (h.hour == hour || h.hour == hour+1)
}

func (h *hourOfScopes) has(group *ScopeGroup, hour int64) bool {
	return h.covers(hour) && slices.Contains(h.groups, group)
}

// with is the notes with one more group in them, those of another hour left behind. nil when a token has used as many
// within the hour as the store keeps of it.
func (h *hourOfScopes) with(group *ScopeGroup, hour int64) *hourOfScopes {
	if !h.covers(hour) {
		return &hourOfScopes{hour: hour, groups: []*ScopeGroup{group}}
	}
	if len(h.groups) >= MaxScopeUses {
		return nil
	}
	return &hourOfScopes{hour: h.hour, groups: append(slices.Clip(h.groups), group)}
}

func (h *hourOfScopes) without(group *ScopeGroup) *hourOfScopes {
	kept := slices.DeleteFunc(slices.Clone(h.groups), func(g *ScopeGroup) bool { return g == group })
	return &hourOfScopes{hour: h.hour, groups: kept}
}

// scopeUseKey names what is noted once an hour.
type scopeUseKey struct {
	id    string
	group *ScopeGroup
}

// NoteScopes remembers that a request of p got through because it held one of group, which is written to the store at
// most once an hour. Credentials of which there is no record are passed over, nil for either too. Noting again what was
// noted within the hour takes no lock and no memory.
func (v *Verifier) NoteScopes(p *Principal, group *ScopeGroup, now time.Time) {
	if p == nil || p.seen == nil || group == nil {
		return
	}
	if hour := now.Unix() / 3600; !p.seen.scopes.Load().has(group, hour) {
		v.noteScopes(p, group, now, hour)
	}
}

func (v *Verifier) noteScopes(p *Principal, group *ScopeGroup, now time.Time, hour int64) {
	for {
		before := p.seen.scopes.Load()
		if before.has(group, hour) {
			return // another request of the same moment has noted it
		}
		after := before.with(group, hour)
		if after == nil {
			v.count.droppedScopeUses.Add(1)
			return
		}
		if p.seen.scopes.CompareAndSwap(before, after) {
			break
		}
	}
	use := ScopeUse{ID: p.TokenID, Alternatives: group.names, At: now.UTC().Truncate(time.Millisecond)}
	if !v.scopeUses.add(scopeUseKey{id: use.ID, group: group}, use) {
		p.seen.retract(group)
	}
}

// retract takes back that a group was noted, so that the next request tries again.
func (s *sightings) retract(group *ScopeGroup) {
	for {
		noted := s.scopes.Load()
		if s.scopes.CompareAndSwap(noted, noted.without(group)) {
			return
		}
	}
}
