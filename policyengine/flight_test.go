package policyengine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
)

// TestFlights: who asks for the same while it is made shares it, who asks for something else does not.
//
// Attack: ask at the same moment as somebody with more rights, to be handed the other's answer. Fix: what counts as the
// same is the whole key. Invariant: an answer is for its key only.
func TestFlights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flights[string, string]
		var made atomic.Int32
		answers := make(chan string, 10)
		for i := range 10 {
			key := []string{"mine", "yours"}[i%2]
			go func() {
				flying, first := f.join(key)
				if first {
					made.Add(1)
					time.Sleep(time.Second)
					f.land(key, flying, "for "+key, nil)
				}
				got, err := flying.wait(t.Context())
				if err != nil || got != "for "+key {
					t.Errorf("%s: got %s, %v", key, got, err)
				}
				answers <- got
			}()
		}
		for range 10 {
			<-answers
		}
		if made.Load() != 2 || len(f.going) != 0 {
			t.Errorf("%d were made, %d are left", made.Load(), len(f.going))
		}
	})
}

// TestFlightsGivenUp: who no longer waits learns why, and the others get the answer, which may be an error.
func TestFlightsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flights[int, int]
		flying, _ := f.join(1)
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := flying.wait(impatient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		broken := errors.New("broken")
		f.land(1, flying, 0, broken)
		if _, err := flying.wait(t.Context()); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}

// TestCompiledSetsAreBounded: by the number of statements, the oldest go first, and one that is too large by itself is
// kept as long as it is the newest.
func TestCompiledSetsAreBounded(t *testing.T) {
	c, err := newCompiledSets(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	obtain := func(name string, n int) {
		var list []*bind.Statement
		for i := range n {
			list = append(list, &bind.Statement{Effect: ast.Allow, Permission: "a:b:" + name, Origin: bind.Origin{Index: i}})
		}
		list, revision := ordered(list, nil)
		if set, err := c.obtain(t.Context(), list, revision); err != nil || set.Revision != revision {
			t.Fatal(set, err)
		}
	}
	for i, step := range []struct {
		name                         string
		n, compiled, sets, statement int
	}{
		{"x", 4, 1, 1, 4}, {"y", 4, 2, 2, 8}, {"x", 4, 2, 2, 8}, {"z", 4, 3, 2, 8}, {"x", 4, 3, 2, 8}, {"y", 4, 4, 2, 8}, {"w", 40, 5, 1, 40}, {"x", 4, 6, 1, 4},
	} {
		obtain(step.name, step.n)
		compiled, sets, statements := c.stats()
		if got, want := fmt.Sprint(compiled, sets, statements), fmt.Sprint(step.compiled, step.sets, step.statement); got != want {
			t.Errorf("step %d: got %s, want %s", i, got, want)
		}
	}
}

// TestLongListsWeighMore: sets are bounded by what they take.
//
// Attack: write policies whose few statements list a thousand values each, and ask as many different groups about them. Fix:
// what is kept is weighed, and not counted. Invariant: it takes no more memory than as many short statements.
func TestLongListsWeighMore(t *testing.T) {
	const room = 100
	c, err := newCompiledSets(room, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		in := bind.Condition{Name: "x:y", Kind: catalog.Text, Operator: ast.In}
		for j := range 200 {
			in.Operands = append(in.Operands, bind.Operand{Parts: []ast.Part{ast.Text{Text: fmt.Sprintf("value %d of %d", j, i)}}})
		}
		list, revision := ordered([]*bind.Statement{{Effect: ast.Allow, Permission: "a:b:c", Conditions: []bind.Condition{in}}}, nil)
		if _, err := c.obtain(t.Context(), list, revision); err != nil {
			t.Fatal(err)
		}
		if c.weight > room*statementBytes {
			t.Fatalf("after %d sets: %d bytes, want %d at most", i+1, c.weight, room*statementBytes)
		}
	}
	if _, sets, _ := c.stats(); sets < 2 || sets > 5 {
		t.Errorf("%d sets of one statement with 200 values are kept where there is room for %d statements", sets, room)
	}
}

// TestPreparationIsLimited: publishing does not wait for all sets there are. What is not ready is compiled when it is asked
// for, and nobody is decided by policies that are gone.
func TestPreparationIsLimited(t *testing.T) {
	e, err := New(Options{Preparation: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for revision := range int64(2) {
		effect := ast.Effect(1 - revision) // ALLOW, then DENY
		var bindings []Binding
		for group := range 50 {
			statements := []*bind.Statement{{Effect: effect, Permission: "a:b:c", Origin: bind.Origin{Index: group}}}
			bindings = append(bindings, Binding{fmt.Sprint(group), bind.Account, "account", statements})
		}
		if err := e.Publish(t.Context(), Policies{revision, bindings}); err != nil {
			t.Fatal(err)
		}
		for group := range 50 {
			r := Request{Subject: Subject{Groups: []string{fmt.Sprint(group)}}, Account: "account", Permission: "a:b:c", Now: time.Unix(1, 0)}
			if v, err := e.Decide(t.Context(), r); err != nil || v.Allow != (effect == ast.Allow) {
				t.Fatal(v, err)
			}
		}
	}
}

// TestKeysOfCombinations: every combination of bindings has a key of its own, in whatever order groups are given.
func TestKeysOfCombinations(t *testing.T) {
	if keyOf([]uint32{1, 2}) == keyOf([]uint32{1}) || keyOf([]uint32{1, 2}) == keyOf([]uint32{2, 1}) || keyOf(nil) == keyOf([]uint32{0}) {
		t.Error("two combinations share a key")
	}
	p, err := newPolicies(Policies{Bindings: []Binding{
		{"g", bind.Account, "a", nil}, {"h", bind.Account, "a", nil}, {"g", bind.Environment, "e", nil},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, groups := range [][]string{{"g", "h"}, {"h", "g"}, {"g", "h", "g", "other"}} {
		got := p.held(nil, &Request{Subject: Subject{Groups: groups}, Account: "a", Environment: "e"})
		if fmt.Sprint(got) != "[0 1 2]" {
			t.Errorf("%v: got %v", groups, got)
		}
	}
}
