package policyengine

import (
	"context"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
)

// compiledSets keeps sets by revision, the least recently used ones going first, and compiles missing ones in the
// background. It never drops the newest, however large, because somebody is waiting for it.
type compiledSets struct {
	mu         sync.Mutex
	kept       *simplelru.LRU[Revision, compiled]
	statements int   // of all kept sets
	weight     int64 // of all kept sets
	maxWeight  int64
	compiled   uint64

	flights flights[Revision, *Set]
	slots   chan struct{} // one token for each compilation that may go on at a time
}

// compiled is a set, or why there is none: what could not be compiled once cannot be compiled the next time either.
type compiled struct {
	set        *Set
	err        error
	statements int
	weight     int64
}

// What a compiled statement takes in memory, about, in bytes.
const (
	statementBytes = 2 << 10 // with one short value, or less
	bareBytes      = 1400    // without any
	valueBytes     = 240     // for each value, beside its text
)

// weightOf is about what compiled statements take. Most compare with one value; one that lists a thousand takes as much as a
// hundred of these.
func weightOf(statements []*bind.Statement) (weight int64) {
	for _, s := range statements {
		bytes := int64(bareBytes)
		for i := range s.Conditions {
			for _, operand := range s.Conditions[i].Operands {
				bytes += valueBytes
				for _, part := range operand.Parts {
					if t, ok := part.(ast.Text); ok {
						bytes += int64(len(t.Text))
					}
				}
			}
		}
		weight += max(statementBytes, bytes)
	}
	return weight
}

// maxSets bounds the number of sets besides their size.
const maxSets = 4096

func newCompiledSets(maxStatements, concurrency int) (*compiledSets, error) {
	kept, err := simplelru.NewLRU[Revision, compiled](maxSets, nil)
	if err != nil {
		return nil, err
	}
	return &compiledSets{kept: kept, maxWeight: int64(maxStatements) * statementBytes, slots: make(chan struct{}, concurrency)}, nil
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
			c.keep(revision, compiled{set, err, len(statements), weightOf(statements)})
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
		c.count(before, -1)
	}
	for c.kept.Len() > 0 && (c.kept.Len() == maxSets || c.weight+k.weight > c.maxWeight) {
		_, oldest, _ := c.kept.RemoveOldest()
		c.count(oldest, -1)
	}
	c.kept.Add(revision, k)
	c.count(k, 1)
}

// count adds a set, or takes it away. The caller holds the lock.
func (c *compiledSets) count(k compiled, times int) {
	c.statements += times * k.statements
	c.weight += int64(times) * k.weight
}

func (c *compiledSets) stats() (compiled uint64, sets, statements int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.compiled, c.kept.Len(), c.statements
}
