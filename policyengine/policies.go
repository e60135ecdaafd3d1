package policyengine

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/regogen"
)

// Binding gives a group a policy's bound statements, in an account with all of its environments or in one environment.
type Binding struct {
	Group      string
	Level      bind.Level // bind.Account or bind.Environment
	LevelID    string     // identifier of that account or environment
	Statements []*bind.Statement
}

// Policies are all bindings of an installation at one revision of the store. They must not be changed once published, and neither
// must the lists in them: one that comes again with the next policies is taken for the same.
type Policies struct {
	Revision int64
	Bindings []Binding
}

// maxSubjects is how many different combinations of bindings are remembered. One takes about 200 bytes besides its
// groups, which are shared with whoever asked.
const maxSubjects = 10_000

// maxRememberedGroups is from how many groups on a subject is not prepared for before the next publication, so that
// remembering subjects does not keep large lists alive.
const maxRememberedGroups = 256

// place is where a binding holds.
type place struct {
	level bind.Level
	id    string
}

// policies are Policies made ready to be looked up. They are immutable but for the memory of who asked.
type policies struct {
	revision int64
	bindings [][]*bind.Statement
	places   map[place]map[string][]uint32 // by group: indexes of bindings
	digests  map[*bind.Statement]Revision
	subjects *lru.Cache[subjectKey, subject]
}

// subjectKey is a digest of which bindings apply to somebody.
type subjectKey [sha256.Size]byte

// subject is what applies to everybody under one key, and one of them, for whom the next policies are prepared.
type subject struct {
	set     Revision
	example Request // subject and place only
}

// newPolicies makes policies ready. What it needs to know of statements that are in the ones before, which may be nil, it
// takes from there.
func newPolicies(p Policies, before *policies) (*policies, error) {
	subjects, err := lru.New[subjectKey, subject](maxSubjects)
	if err != nil {
		return nil, err
	}
	ready := &policies{
		revision: p.Revision, bindings: make([][]*bind.Statement, len(p.Bindings)),
		places: map[place]map[string][]uint32{}, digests: map[*bind.Statement]Revision{}, subjects: subjects,
	}
	var all []*bind.Statement   // for one check over all, because any two may meet in one subject
	seen := map[sameList]bool{} // most bindings share their statements with others
	for i, b := range p.Bindings {
		if err := ready.add(uint32(i), b); err != nil {
			return nil, err
		}
		if shared := listOf(b.Statements); !seen[shared] {
			seen[shared] = true
			ready.digest(b.Statements, before)
			all = append(all, b.Statements...)
		}
	}
	if err := regogen.CheckKinds(all); err != nil {
		return nil, broken(err)
	}
	return ready, nil
}

func (p *policies) add(index uint32, b Binding) error {
	if b.Level != bind.Account && b.Level != bind.Environment || b.LevelID == "" || b.Group == "" {
		return broken(fmt.Errorf("binding %d is at level %q %q for group %q", index, b.Level, b.LevelID, b.Group))
	}
	at := place{b.Level, b.LevelID}
	if p.places[at] == nil {
		p.places[at] = map[string][]uint32{}
	}
	p.places[at][b.Group] = append(p.places[at][b.Group], index)
	p.bindings[index] = b.Statements
	return nil
}

// sameList is where a list of statements lies: of two that lie in one place, one look is enough.
type sameList struct {
	first **bind.Statement
	n     int
}

func listOf(statements []*bind.Statement) sameList {
	if len(statements) == 0 {
		return sameList{}
	}
	return sameList{&statements[0], len(statements)}
}

func (p *policies) digest(statements []*bind.Statement, before *policies) {
	for _, s := range statements {
		if _, ok := p.digests[s]; ok {
			continue
		}
		var digest Revision
		known := false
		if before != nil {
			digest, known = before.digests[s]
		}
		if !known {
			digest = revisionOf(s)
		}
		p.digests[s] = digest
	}
}

// held appends the bindings that apply to a request's subject where the request is, sorted, each once. A request that
// names no account or no environment holds nothing there, because no binding can name the empty one.
func (p *policies) held(held []uint32, r *Request) []uint32 {
	account, environment := p.places[place{bind.Account, r.Account}], p.places[place{bind.Environment, r.Environment}]
	for _, group := range r.Subject.Groups {
		held = append(held, account[group]...)
		held = append(held, environment[group]...)
	}
	slices.Sort(held)
	return slices.Compact(held)
}

// keyOf digests a combination of bindings. A digest keeps the memory of subjects to a fixed size for each, and is as good
// as the list itself: two lists with one SHA-256 cannot be found.
func keyOf(held []uint32) subjectKey {
	var small [256]byte // enough for 64 bindings without memory from the heap
	b := small[:0]
	for _, i := range held {
		b = binary.LittleEndian.AppendUint32(b, i)
	}
	return sha256.Sum256(b)
}

// statements are those of all given bindings together.
func (p *policies) statements(held []uint32) ([]*bind.Statement, Revision) {
	var all []*bind.Statement
	for _, i := range held {
		all = append(all, p.bindings[i]...)
	}
	return ordered(all, p.digests)
}

// remember keeps the set of a subject.
func (p *policies) remember(key subjectKey, set Revision, r *Request) {
	s := subject{set: set}
	if len(r.Subject.Groups) <= maxRememberedGroups {
		s.example = Request{Account: r.Account, Environment: r.Environment, Subject: Subject{Groups: r.Subject.Groups}}
	}
	p.subjects.Add(key, s)
}
