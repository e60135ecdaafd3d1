package audit_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/audit"
)

// trail is a whole one: so many events from before the chain, then so many of it, of which every third has an outcome.
func trail(before, chained int) ([]audit.Link, audit.Head) {
	head := audit.Head{Before: int64(before), Last: int64(before + chained)}
	var links []audit.Link
	for n := range before + chained {
		l := audit.Link{Event: audit.Event{ID: int64(n) + 1, Time: epoch.Add(time.Duration(n) * time.Second), Actor: fmt.Sprint("a", n), Action: "token.create"}}
		if n >= before {
			l = chain(l, head.Hash)
			head.Hash = l.Hash
		}
		if n%3 == 0 {
			l.Outcome, l.OutcomeHash = &outcome, outcome.Chained(l.Hash)
			head.Outcomes++
		}
		links = append(links, l)
	}
	return links, head
}

func chain(l audit.Link, previous audit.Digest) audit.Link {
	l.Hash = l.Chained(previous)
	return l
}

func walk(links []audit.Link) iter.Seq2[audit.Link, error] {
	return func(yield func(audit.Link, error) bool) {
		for _, l := range links {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func verify(t interface{ Fatal(...any) }, links []audit.Link, anchor audit.Anchor) audit.Report {
	r, err := audit.Verify(walk(links), anchor)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWholeTrail(t *testing.T) {
	for _, test := range []struct{ before, chained int }{{0, 0}, {0, 1}, {0, 5}, {3, 0}, {3, 1}, {4, 6}} {
		links, head := trail(test.before, test.chained)
		want := audit.Report{Before: int64(test.before), Checked: int64(test.chained), Outcomes: head.Outcomes, Head: head.Hash}
		if test.chained > 0 {
			want.First, want.Last = int64(test.before)+1, head.Last
		}
		if diff := cmp.Diff(want, verify(t, links, audit.Anchor{Head: head})); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test, diff)
		}
		for _, l := range links {
			if r := verify(t, links, audit.Anchor{Head: head, Noted: l.Hash}); r.Break != nil {
				t.Errorf("%+v, with the head noted at %d: %v", test, l.ID, r.Break)
			}
		}
	}
}

// What is written between the look at the head and the walk belongs to the trail too.
func TestTrailThatGrows(t *testing.T) {
	_, head := trail(2, 5)
	links, _ := trail(2, 9)
	if r := verify(t, links, audit.Anchor{Head: head}); r.Break != nil || r.Checked != 9 {
		t.Errorf("%d checked, %v", r.Checked, r.Break)
	}
}

// tampering is what somebody with the file can do to a trail of two events from before the chain and ten of it, 3 to 12.
// Events 1, 4, 7 and 10 have outcomes.
var tampering = map[string]struct {
	do   func(links []audit.Link, head *audit.Head) []audit.Link
	want audit.Break
}{
	"an event is changed":                 {edit(6, func(l *audit.Link) { l.Actor = "eve" }), audit.Break{ID: 6, Kind: audit.Changed}},
	"the first is changed":                {edit(3, func(l *audit.Link) { l.Failed = true }), audit.Break{ID: 3, Kind: audit.Changed}},
	"the last is changed":                 {edit(12, func(l *audit.Link) { l.Object = "x" }), audit.Break{ID: 12, Kind: audit.Changed}},
	"two are changed":                     {both(edit(6, func(l *audit.Link) { l.Actor = "eve" }), edit(7, func(l *audit.Link) { l.Actor = "eve" })), audit.Break{ID: 6, Kind: audit.Changed}},
	"a hash is changed":                   {edit(6, func(l *audit.Link) { l.Hash[31] ^= 1 }), audit.Break{ID: 6, Kind: audit.Changed}},
	"a hash is taken away":                {edit(6, func(l *audit.Link) { l.Hash = audit.Digest{} }), audit.Break{ID: 6, Kind: audit.Changed}},
	"filed elsewhere":                     {edit(6, func(l *audit.Link) { l.Misfiled = true }), audit.Break{ID: 6, Kind: audit.Changed}},
	"removed":                             {remove(6), audit.Break{ID: 6, Kind: audit.Removed}},
	"the first is removed":                {remove(3), audit.Break{ID: 3, Kind: audit.Removed}},
	"the last is removed":                 {remove(12), audit.Break{ID: 12, Kind: audit.Removed}},
	"one of before the chain is removed":  {remove(1), audit.Break{ID: 1, Kind: audit.Removed}},
	"one of before the chain gets a hash": {edit(2, func(l *audit.Link) { *l = chain(*l, audit.Digest{}) }), audit.Break{ID: 2, Kind: audit.Changed}},
	"removed, and numbers closed up":      {both(remove(6), number), audit.Break{ID: 6, Kind: audit.Changed}},
	"put in with a hash of its own":       {both(insert(6, true), number), audit.Break{ID: 6, Kind: audit.Inserted}},
	"put in with a wrong hash":            {both(insert(6, false), number), audit.Break{ID: 6, Kind: audit.Inserted}},
	"put in under the same number":        {insert(6, true), audit.Break{ID: 6, Kind: audit.Inserted}},
	"two changed places": {both(func(links []audit.Link, _ *audit.Head) []audit.Link {
		links[5], links[6] = links[6], links[5]
		return links
	}, number), audit.Break{ID: 6, Kind: audit.Inserted}},
	"all that follows is computed anew": {rewrite, audit.Break{ID: 12, Kind: audit.Rewritten}},
	"all, and the head with it": {func(links []audit.Link, head *audit.Head) []audit.Link {
		links = rewrite(links, head)
		head.Hash = links[11].Hash
		return links
	}, audit.Break{Kind: audit.Unknown}},
	"the end cut off, and the head put back": {func(links []audit.Link, head *audit.Head) []audit.Link {
		head.Last, head.Hash = 8, links[7].Hash
		head.Outcomes--
		return links[:8]
	}, audit.Break{Kind: audit.Unknown}},
	"an outcome is changed": {edit(7, func(l *audit.Link) {
		o := *l.Outcome
		o.Status = 403
		l.Outcome = &o
	}), audit.Break{ID: 7, Kind: audit.OutcomeChanged}},
	"an outcome is moved": {func(links []audit.Link, _ *audit.Head) []audit.Link {
		links[4].Outcome, links[4].OutcomeHash = links[3].Outcome, links[3].OutcomeHash
		links[3].Outcome, links[3].OutcomeHash = nil, audit.Digest{}
		return links
	}, audit.Break{ID: 5, Kind: audit.OutcomeChanged}},
	"an outcome is removed": {edit(7, func(l *audit.Link) { l.Outcome, l.OutcomeHash = nil, audit.Digest{} }), audit.Break{Kind: audit.OutcomeRemoved}},
}

type tamper = func(links []audit.Link, head *audit.Head) []audit.Link

func edit(id int, change func(*audit.Link)) tamper {
	return func(links []audit.Link, _ *audit.Head) []audit.Link {
		change(&links[id-1])
		return links
	}
}

func remove(id int) tamper {
	return func(links []audit.Link, _ *audit.Head) []audit.Link { return slices.Delete(links, id-1, id) }
}

// insert puts an event in before another one, chained to what comes before it or not.
func insert(before int, chained bool) tamper {
	return func(links []audit.Link, _ *audit.Head) []audit.Link {
		l := audit.Link{Event: audit.Event{ID: int64(before), Actor: "eve"}, Hash: audit.Digest{9}}
		if chained {
			l = chain(l, links[before-2].Hash)
		}
		return slices.Insert(links, before-1, l)
	}
}

func number(links []audit.Link, _ *audit.Head) []audit.Link {
	for i := range links {
		links[i].ID = int64(i) + 1
	}
	return links
}

func both(first, second tamper) tamper {
	return func(links []audit.Link, head *audit.Head) []audit.Link { return second(first(links, head), head) }
}

func rewrite(links []audit.Link, _ *audit.Head) []audit.Link {
	links[5].Actor = "eve"
	for i := 5; i < len(links); i++ {
		links[i] = chain(links[i], links[i-1].Hash)
		if links[i].Outcome != nil {
			links[i].OutcomeHash = links[i].Outcome.Chained(links[i].Hash)
		}
	}
	return links
}

// The attacks are those of somebody who can write to the file. The fix is the chain, and a head that was noted elsewhere
// against those who compute a new one. The invariant: each shows, at the first event that is not what it was.
func TestTampering(t *testing.T) {
	for name, test := range tampering {
		links, head := trail(2, 10)
		noted := head.Hash
		links = test.do(links, &head)
		got := verify(t, links, audit.Anchor{Head: head, Noted: noted})
		if got.Break == nil {
			t.Errorf("%s: whole", name)
			continue
		}
		if diff := cmp.Diff(test.want, *got.Break); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if text := got.Break.String(); text == "" || strings.HasSuffix(text, ".") || test.want.ID != 0 && !strings.Contains(text, fmt.Sprint("event ", test.want.ID)) {
			t.Errorf("%s: %q", name, text)
		}
		if got.Break.ID != 0 && got.Last >= got.Break.ID && got.Break.Kind != audit.Inserted && got.Break.Kind != audit.OutcomeChanged {
			t.Errorf("%s: broken at %d, and good up to %d", name, got.Break.ID, got.Last)
		}
	}
}

// TestNoTamperingIsMissed: whatever is changed in an event of the chain, removed from it or put into it, where and however
// often, the trail is no longer whole, and what comes before the first of it still is.
func TestNoTamperingIsMissed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.IntRange(0, 3).Draw(t, "before")
		links, head := trail(before, rapid.IntRange(1, 12).Draw(t, "chained"))
		first, closed := len(links), rapid.Bool().Draw(t, "numbers are closed up")
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			at := rapid.IntRange(before, len(links)).Draw(t, "at")
			first = min(first, at)
			switch kind := rapid.IntRange(0, 2).Draw(t, "kind"); {
			case at == len(links) || kind == 0:
				links, closed = slices.Insert(links, at, audit.Link{Event: drawEvent(t), Hash: audit.Digest{1}}), true
			case kind == 1:
				links = slices.Delete(links, at, at+1)
			default:
				links[at].Event = changeOne(t, links[at].Event)
			}
		}
		if closed {
			number(links, nil)
		}
		whole, _ := trail(before, int(head.Last)-before)
		if cmp.Equal(whole, links) {
			t.Skip("changed back")
		}
		r := verify(t, links, audit.Anchor{Head: head})
		if r.Break == nil || r.Break.Kind != audit.OutcomeRemoved && r.Break.ID < int64(first)+1 {
			t.Fatalf("tampered with after %d: %+v %v", first, r, r.Break)
		}
	})
}

// The accident: half of a trail is read, and taken for a whole one that is good, or for one that was cut off. Invariant: where
// reading fails there is no report.
func TestUnreadableTrail(t *testing.T) {
	links, head := trail(0, 5)
	broken := errors.New("broken")
	got, err := audit.Verify(func(yield func(audit.Link, error) bool) {
		if yield(links[0], nil) {
			yield(audit.Link{}, broken)
		}
	}, audit.Anchor{Head: head})
	if diff := cmp.Diff(audit.Report{}, got); diff != "" || !errors.Is(err, broken) {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
