package module

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
)

// shadowBook keeps what is on trial, and what it would have changed, until a policy or binding becomes another.
type shadowBook struct {
	mu       sync.Mutex
	policies map[string]watched // by identifier
	bindings map[string]watched // by identifier
	granted  []pap.Granted      // all bindings on trial
	failed   []pap.Granted      // those of them that cannot be resolved
	records  map[recordKey]*shadowRecord
	counts   [2]int // of records: for policies and for bindings
	omitted  uint64 // changes that found no room for a record
}

// watched is a policy or binding on trial, since it came to say what it says.
type watched struct {
	digest [sha256.Size]byte
	since  time.Time
	policy pap.Policy // where it is one
}

// recordKey names a policy or a binding in an account: a policy that is built in may be on trial in several.
type recordKey struct {
	account, id string
	binding     bool
}

func (k recordKey) kind() int {
	if k.binding {
		return 1
	}
	return 0
}

// shadowRecord is what one policy or binding would have changed.
type shadowRecord struct {
	allow, deny uint64
	samples     []*shadowSample // newest last
}

// Bounds of the book. Together they are some 50 MB, were every policy, binding and sample as large as it may be.
const (
	shadowRecords = 1000 // of policies, and as many of bindings
	shadowSamples = 20   // of each
)

func newShadowBook() shadowBook {
	return shadowBook{policies: map[string]watched{}, bindings: map[string]watched{}, records: map[recordKey]*shadowRecord{}}
}

// follow takes over what is on trial now. Whatever says something else than before begins anew.
func (b *shadowBook) follow(r pap.Resolution, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	policies, bindings := map[string]watched{}, map[string]watched{}
	for id, p := range r.Trials {
		policies[id] = b.policies[id].become(watched{digest: sha256.Sum256([]byte(p.Statement)), since: now, policy: p})
	}
	digests := map[**bind.Statement][sha256.Size]byte{} // of lists that several bindings share
	for _, g := range slices.Concat(r.Shadow, r.Failed) {
		at := whereListIs(g.Statements)
		digest, known := digests[at]
		if !known {
			digest = digestOf(g.Statements)
			digests[at] = digest
		}
		bindings[g.Binding] = b.bindings[g.Binding].become(watched{digest: digest, since: now})
	}
	for key := range b.records {
		before, after := b.policies[key.id], policies[key.id]
		if key.binding {
			before, after = b.bindings[key.id], bindings[key.id]
		}
		if !before.since.Equal(after.since) {
			delete(b.records, key)
			b.counts[key.kind()]--
		}
	}
	b.policies, b.bindings, b.granted, b.failed = policies, bindings, slices.Concat(r.Shadow, r.Failed), r.Failed
}

// become keeps since when something has been as it is. A name may change meanwhile.
func (w watched) become(next watched) watched {
	if !w.since.IsZero() && w.digest == next.digest {
		next.since = w.since
	}
	return next
}

func digestOf(statements []*bind.Statement) [sha256.Size]byte {
	h := sha256.New()
	for _, s := range statements {
		_, _ = h.Write([]byte(s.String() + s.Origin.Boundary + "\n"))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// note counts a change for each policy and binding that made it.
func (b *shadowBook) note(account string, policies, bindings []string, sample *shadowSample) {
	for _, id := range policies {
		b.noteOne(recordKey{account: account, id: id}, sample)
	}
	for _, id := range bindings {
		b.noteOne(recordKey{account: account, id: id, binding: true}, sample)
	}
}

func (b *shadowBook) noteOne(key recordKey, sample *shadowSample) {
	r := b.records[key]
	if r == nil {
		if b.counts[key.kind()] == shadowRecords {
			b.omitted++
			return
		}
		r = new(shadowRecord)
		b.records[key] = r
		b.counts[key.kind()]++
	}
	if sample.Shadow == verdictAllow {
		r.allow++
	} else {
		r.deny++
	}
	if len(r.samples) == shadowSamples {
		r.samples = slices.Delete(r.samples, 0, 1)
	}
	r.samples = append(r.samples, sample)
}
