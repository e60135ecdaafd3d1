package policyengine

import (
	"context"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/doorward/doorward/policyengine/bind"
)

// compiledSets keeps sets by revision, the least recently used ones going first, and compiles missing ones in the
// background. It never drops the newest, however large, because somebody is waiting for it.
type compiledSets struct {
	mu            sync.Mutex
	kept          *simplelru.LRU[Revision, compiled]
	statements    int // of all kept sets
	maxStatements int
	compiled      uint64

	flights flights[Revision, *Set]
	slots   chan struct{} // one token for each compilation that may go on at a time
}

// compiled is a set, or why there is none: what could not be compiled once cannot be compiled the next time either.
type compiled struct {
	set        *Set
	err        error
	statements int
}

// maxSets bounds the number of sets besides their size.
const maxSets = 4096

func newCompiledSets(maxStatements, concurrency int) (*compiledSets, error) {
	kept, err := simplelru.NewLRU[Revision, compiled](maxSets, nil)
	if err != nil {
		return nil, err
	}
	return &compiledSets{kept: kept, maxStatements: maxStatements, slots: make(chan struct{}, concurrency)}, nil
}

func (c *compiledSets) get(revision Revision) (compiled, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept.Get(revision)
}

// obtain returns a kept set or compiles it. Compiling goes on when the caller has gone: the next one asks for the same.
func (c *compiledSets) obtain(ctx context.Context, statements []*bind.Statement, revision Revision) (*Set, error) {
	if known, ok := c.get(revision); ok {
		return known.set, known.err
	}
	flying, first := c.flights.join(revision)
	if first {
		go func() {
			c.slots <- struct{}{}
			set, err := compile(statements, revision)
			<-c.slots
			c.keep(revision, compiled{set, err, len(statements)})
			c.flights.land(revision, flying, set, err)
		}()
	}
	return flying.wait(ctx)
}

func (c *compiledSets) keep(revision Revision, k compiled) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compiled++
	// Two may have compiled the same one after the other, when the first was dropped in between.
	if before, ok := c.kept.Peek(revision); ok {
		c.statements -= before.statements
	}
	for c.kept.Len() > 0 && (c.kept.Len() == maxSets || c.statements+k.statements > c.maxStatements) {
		_, oldest, _ := c.kept.RemoveOldest()
		c.statements -= oldest.statements
	}
	c.kept.Add(revision, k)
	c.statements += k.statements
}

func (c *compiledSets) stats() (compiled uint64, sets, statements int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.compiled, c.kept.Len(), c.statements
}
