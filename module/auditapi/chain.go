package auditapi

import (
	"context"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/store/query"
)

// ChainStore is the trail as the chain that it is; a store.Store is one.
type ChainStore interface {
	// AuditChain returns a page of the chain, oldest first, from after the event with that identifier.
	AuditChain(ctx context.Context, after int64, limit int) ([]audit.Link, error)
	// AuditHead is where the chain ends.
	AuditHead(ctx context.Context) (audit.Head, error)
}

// Bounds of verifications. A whole trail is read for each, so there is one at a time, it pauses as long as it works, and nobody has them
// made one after the other.
const (
	verifyTimeout = 30 * time.Minute
	verifyAgain   = 5 * time.Minute // after the one before has ended
)

// Chain verifies the trail aside, for whoever asks how it stands. It is safe for concurrent use.
type Chain struct {
	store ChainStore
	now   func() time.Time
	life  context.Context //nolint:containedctx // of the verifications, which belong to no request
	end   context.CancelFunc
	work  sync.WaitGroup

	mu      sync.Mutex // guards the rest
	running *progress  // nil: none is under way
	last    *verification
}

// NewChain makes a Chain, which does nothing until somebody asks. now is the clock; nil means time.Now.
func NewChain(s ChainStore, now func() time.Time) *Chain {
	if now == nil {
		now = time.Now
	}
	c := &Chain{store: s, now: now}
	c.life, c.end = context.WithCancel(context.Background())
	return c
}

// Close ends a verification that is under way, and waits for it. It comes before the store is closed.
func (c *Chain) Close() {
	c.end()
	c.work.Wait()
}

// progress is a verification that is under way.
type progress struct {
	Started time.Time `json:"started"`
	Read    int64     `json:"read"` // events so far
	Of      int64     `json:"of"`   // about
}

// verification is one that has ended.
type verification struct {
	State    string    `json:"state"` // whole, broken, or unknown where the trail could not be read
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Before   int64     `json:"before"`  // events from before the chain began, which nothing can be said about
	Checked  int64     `json:"checked"` // events that are what was written
	Last     int64     `json:"lastId"`  // the last of those
	Outcomes int64     `json:"outcomes"`
	Head     string    `json:"head,omitempty"` // digest of the last of those
	Break    *breach   `json:"break,omitempty"`
}

// breach is the first place where the trail is not what it was.
type breach struct {
	ID      int64  `json:"logId,omitempty"` // 0: of the trail as a whole
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// The states of a verification.
const (
	stateWhole   = "whole"
	stateBroken  = "broken"
	stateUnknown = "unknown"
)

// chainView is the answer.
type chainView struct {
	Head         headView      `json:"head"`
	Verification *verification `json:"verification"` // the latest that has ended; null for none
	Running      *progress     `json:"running"`      // null: none is under way
}

// headView is where the chain ends now. Noted elsewhere, it shows later whether the chain was written anew.
type headView struct {
	Digest   string `json:"digest,omitempty"`
	Last     int64  `json:"lastId"`
	Before   int64  `json:"before"`
	Outcomes int64  `json:"outcomes"`
}

// digestName stands before a digest, as the command line has it.
const digestName = "sha256:"

func digestText(d audit.Digest) string {
	if d == (audit.Digest{}) {
		return ""
	}
	return digestName + d.String()
}

// show tells how the chain stands, and has it verified where that is a while ago. The answer does not wait for that.
func (c *Chain) show(w http.ResponseWriter, call *rest.Call) error {
	if _, err := environmentOf(call); err != nil {
		return err
	}
	head, err := c.store.AuditHead(call.Context())
	if err != nil {
		return storeFault(err)
	}
	view := chainView{Head: headView{digestText(head.Hash), head.Last, head.Before, head.Outcomes}}
	c.start(head)
	c.mu.Lock()
	defer c.mu.Unlock()
	view.Verification = c.last
	if c.running != nil {
		copied := *c.running
		view.Running = &copied
	}
	return rest.Write(w, http.StatusOK, view)
}

// start begins a verification up to a head, unless one is under way or has just been made.
func (c *Chain) start(head audit.Head) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.running != nil || c.life.Err() != nil || c.last != nil && now.Sub(c.last.Ended).Abs() < verifyAgain {
		return
	}
	c.running = &progress{Started: now.UTC(), Of: head.Last}
	c.work.Go(func() {
		ctx, cancel := context.WithTimeout(c.life, verifyTimeout)
		defer cancel()
		report, err := audit.Verify(c.links(ctx), audit.Anchor{Head: head})
		c.conclude(report, err)
	})
}

func (c *Chain) conclude(r audit.Report, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := &verification{
		State: stateWhole, Started: c.running.Started, Ended: c.now().UTC(), Before: r.Before, Checked: r.Checked, Last: r.Last,
		Outcomes: r.Outcomes, Head: digestText(r.Head),
	}
	switch {
	case err != nil: // the store's own words are for the operator, and nothing was found out
		*v = verification{State: stateUnknown, Started: v.Started, Ended: v.Ended}
	case r.Break != nil:
		v.State, v.Break = stateBroken, &breach{r.Break.ID, string(r.Break.Kind), r.Break.String()}
	}
	c.last, c.running = v, nil
}

// links is the whole chain. After each page there is a pause as long as the page took, for whatever else the store has to do.
func (c *Chain) links(ctx context.Context) iter.Seq2[audit.Link, error] {
	var began time.Time // of the page before
	read := 0           // of it
	return audit.Pages(query.MaxAuditPage, func(after int64) ([]audit.Link, error) {
		if after > 0 {
			c.mu.Lock()
			c.running.Read += int64(read)
			c.mu.Unlock()
			pause(ctx, time.Since(began))
		}
		began = time.Now()
		page, err := c.store.AuditChain(ctx, after, query.MaxAuditPage)
		read = len(page)
		return page, err
	})
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
