package policytest_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/policyengine/pap"
)

// The crowd's policies: as many statements as a large installation has.
const (
	crowdPolicies   = 100
	crowdStatements = 100 // of each policy, the most that there may be
	clients         = 4   // requests under way at any time
)

// TestPublishUnderLoad publishes 10,000 statements again and again while clients ask.
//
// Attack: ask at the moment of a publication, about many things at once, so that some are decided by the old policies and
// some by the new ones, and what neither of them permits goes through. Invariant: no request is decided by half of a
// publication, none fails, and none is refused that is permitted before and after.
func TestPublishUnderLoad(t *testing.T) {
	turns := 6
	if os.Getenv("DOORWARD_LONG") != "" {
		turns = 30
	}
	o := newOffice(t)
	c := newCrowd(o, turns)
	g := o.start(scene{})
	_, token := g.Mint("", personal(crowdUser, readAndWrite...))
	load := &load{client: newClient(t, g.Addr, clients+1), token: token}

	stop := make(chan struct{})
	var working sync.WaitGroup
	for worker := range uint64(clients) {
		random := rand.New(rand.NewPCG(worker, 1))
		working.Go(func() { load.work(t, random, stop) })
	}
	for turn := 1; turn <= turns; turn++ {
		c.turn(turn)
		committed := time.Now()
		inForce, err := load.client.until(http.StatusOK, http.MethodGet, "/settings?schema="+sideOf(turn)+","+turnSchema(turn), token)
		if err != nil {
			t.Error(err)
			break
		}
		t.Logf("published %d statements in %v, with %d requests so far, the slowest in %v",
			crowdPolicies*crowdStatements, inForce.Sub(committed).Round(time.Millisecond), load.answered.Load(),
			time.Duration(load.slowest.Load()).Round(time.Millisecond))
	}
	close(stop)
	working.Wait()
	// How many requests fit into the publications is a matter of the machine; that each kind of answer came is not.
	if load.permitted.Load() == 0 || load.refused.Load() == 0 {
		t.Errorf("%d requests, %d permitted, %d refused: too few to show anything", load.answered.Load(), load.permitted.Load(), load.refused.Load())
	}
}

// crowd is a group with very many statements, and two policies that are replaced together in every turn.
type crowd struct {
	office
	group   string
	lasting []pap.PolicyTerms
	pairs   [][2]string // by turn
}

const crowdUser = "somebody@crowd.example.org"

func newCrowd(o office, turns int) *crowd {
	c := &crowd{office: o, group: o.group("crowd", crowdUser)}
	for i := range crowdPolicies {
		var b strings.Builder
		for j := range crowdStatements {
			fmt.Fprintf(&b, "ALLOW settings:objects:read WHERE settings:schemaId = %q;\n", lastingSchema(i, j))
		}
		c.lasting = append(c.lasting, pap.PolicyTerms{Policy: o.policy(fmt.Sprintf("lasting-%d", i), b.String())})
	}
	for turn := range turns + 1 {
		c.pairs = append(c.pairs, c.pair(turn))
	}
	c.turn(0)
	return c
}

func lastingSchema(policy, statement int) string {
	return fmt.Sprintf("lasting-%d-%d", policy, statement)
}

func turnSchema(turn int) string { return fmt.Sprintf("turn-%d", turn) }

// sideOf is the schema that is open in a turn. The other one is closed then.
func sideOf(turn int) string { return [...]string{"left", "right"}[turn%2] }

// pair is the policies of a turn. In one turn the first opens a side and the second closes the other; in the next they
// have changed roles, and each opens in turn what is open always.
func (c *crowd) pair(turn int) [2]string {
	opens := fmt.Sprintf("ALLOW settings:objects:read WHERE settings:schemaId IN (%q, %q, %q);", sideOf(turn), "always", turnSchema(turn))
	closes := fmt.Sprintf("DENY settings:objects:read WHERE settings:schemaId = %q;", sideOf(turn+1))
	texts := [2]string{opens, closes}
	if turn%2 == 1 {
		texts = [2]string{closes, opens}
	}
	return [2]string{c.policy(fmt.Sprintf("first-%d", turn), texts[0]), c.policy(fmt.Sprintf("second-%d", turn), texts[1])}
}

// turn binds the pair of a turn instead of the one before, in one step.
func (c *crowd) turn(turn int) {
	c.t.Helper()
	wanted := slices.Clone(c.lasting)
	for _, policy := range c.pairs[turn] {
		wanted = append(wanted, pap.PolicyTerms{Policy: policy})
	}
	_, err := c.Policies.SetGroupBindings(c.t.Context(), actor, pap.AccountLevel(account), c.group, wanted)
	c.must(err)
}

// load is clients that ask without pause, and what came of it.
type load struct {
	client                       client
	token                        string
	answered, permitted, refused atomic.Int64
	slowest                      atomic.Int64 // nanoseconds
}

// work asks until it is stopped or an answer is wrong.
func (l *load) work(t *testing.T, random *rand.Rand, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		target, possible := drawnTarget(random)
		a, err := l.client.ask(http.MethodGet, target, l.token, nil)
		if err == nil && !slices.Contains(possible, a.status) {
			err = fmt.Errorf("status %d %s, want %v", a.status, a.body, possible)
		}
		if err != nil {
			t.Errorf("GET %.60s…: %v", target, err)
			return
		}
		l.note(a)
	}
}

func (l *load) note(a answer) {
	l.answered.Add(1)
	if a.status == http.StatusOK {
		l.permitted.Add(1)
	} else {
		l.refused.Add(1)
	}
	took := int64(a.received.Sub(a.sent))
	for slowest := l.slowest.Load(); took > slowest && !l.slowest.CompareAndSwap(slowest, took); {
		slowest = l.slowest.Load()
	}
}

// drawnTarget is a request, and the statuses that some publication gives it.
func drawnTarget(random *rand.Rand) (target string, possible []int) {
	lasting := func() string { return lastingSchema(random.IntN(crowdPolicies), random.IntN(crowdStatements)) }
	var things []string
	switch kind := random.IntN(50); {
	case kind == 0:
		// Both sides, with a long way between them: there is always one that is closed.
		things, possible = bothSides(random), []int{http.StatusForbidden}
	case kind < 10:
		things, possible = []string{sideOf(random.IntN(2))}, []int{http.StatusOK, http.StatusForbidden}
	case kind < 30:
		things, possible = []string{lasting(), lasting()}, []int{http.StatusOK}
	default:
		things, possible = []string{"always"}, []int{http.StatusOK}
	}
	return "/settings?schema=" + strings.Join(things, ","), possible
}

// bothSides touches as many things as one request may. Most of them nobody has asked for since the last publication, so
// the answer takes so long that the next one often comes in between.
func bothSides(random *rand.Rand) []string {
	things := []string{sideOf(0)}
	from := random.IntN(crowdPolicies - 9)
	for i := range 9 * crowdStatements {
		things = append(things, lastingSchema(from+i/crowdStatements, i%crowdStatements))
	}
	things = append(things, sideOf(1))
	if random.IntN(2) == 0 {
		slices.Reverse(things)
	}
	return things
}
