package audit

import (
	"fmt"
	"iter"
)

// Link is an event as the store has it in its chain.
type Link struct {
	Event
	Hash        Digest // as stored; zero for an event from before the chain began
	OutcomeHash Digest // as stored; zero without an outcome
	Misfiled    bool   // the store finds it by another Type or Category than its action has
}

// Head is the end of a chain as the store keeps it, apart from the events. Identifiers of events have no gaps.
type Head struct {
	Before   int64  // events from before the chain began, the first ones of the trail
	Last     int64  // identifier of the newest event; Before where the chain has none
	Outcomes int64  // that events have
	Hash     Digest // of the newest event; zero where the chain has none
}

// Anchor is what a trail is held against.
type Anchor struct {
	Head  Head   // read before the links, so that what is written meanwhile only adds to it
	Noted Digest // a head of earlier, which must still be in the chain; zero for none
}

// Kind is one of the things that can be wrong with a trail.
type Kind string

// What can be wrong with a trail.
const (
	Changed        Kind = "changed"         // the event is not what was written
	Removed        Kind = "removed"         // there is no event of this number, though there was
	Inserted       Kind = "inserted"        // without this event the chain would be whole
	Rewritten      Kind = "rewritten"       // the chain is whole, but the store's head is that of another one
	OutcomeChanged Kind = "outcome changed" // the outcome of the event is not what was written
	OutcomeRemoved Kind = "outcome removed" // there are fewer outcomes than there were; of which event cannot be told
	Unknown        Kind = "unknown head"    // the noted head is not in the chain
)

// Break is the first place where a trail is not what it was.
type Break struct {
	ID   int64 // of the event, or of the one that is missing; 0 for OutcomeRemoved and Unknown, which are of the whole
	Kind Kind
}

// String is the break as a sentence, without a full stop.
func (b Break) String() string {
	switch b.Kind {
	case Removed:
		return fmt.Sprintf("event %d is missing", b.ID)
	case Inserted:
		return fmt.Sprintf("event %d was not there when the one after it was written", b.ID)
	case Rewritten:
		return fmt.Sprintf("event %d is not the one that the store ended with: the chain was written anew", b.ID)
	case OutcomeChanged:
		return fmt.Sprintf("the outcome of event %d is not what was written", b.ID)
	case OutcomeRemoved:
		return "outcomes of events are missing"
	case Unknown:
		return "the head that was noted is not in the chain: it was cut off there or before, or written anew"
	}
	return fmt.Sprintf("event %d is not what was written", b.ID)
}

// Report is what a verification has found.
type Report struct {
	Before   int64  // events from before the chain began, about which nothing can be said but how many they are
	Checked  int64  // events of the chain that are what was written, up to the break
	First    int64  // identifier of the first of those; 0 for none
	Last     int64  // identifier of the last of those; 0 for none
	Outcomes int64  // of all these events
	Head     Digest // of the last of those; zero for none
	Break    *Break // nil: the trail is whole
}

// Pages is a whole chain, oldest first, for Verify. next returns the page that follows the event with an identifier, 0 for the first;
// one with less than full links is the last.
func Pages(full int, next func(after int64) ([]Link, error)) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		for after, more := int64(0), true; more; {
			page, err := next(after)
			if err != nil {
				yield(Link{}, err)
				return
			}
			for _, l := range page {
				if !yield(l, nil) {
					return
				}
				after = l.ID
			}
			more = len(page) == full
		}
	}
}

// Verify walks over the whole trail, oldest first, up to the first break. An error is one of the walk's: nothing can be said
// about the trail then.
func Verify(links iter.Seq2[Link, error], anchor Anchor) (Report, error) {
	v := verifier{anchor: anchor, noted: anchor.Noted == Digest{}}
	for link, err := range links {
		if err != nil {
			return Report{}, err
		}
		if v.Break = v.take(link); v.Break != nil {
			return v.Report, nil
		}
	}
	v.Break = v.end()
	return v.Report, nil
}

type verifier struct {
	Report
	anchor  Anchor
	noted   bool   // the noted head was found, or there is none
	earlier Digest // the hash before Head
	// suspect is an event that does not fit. Whether it was changed or inserted shows with the next one.
	suspect *Break
}

func (v *verifier) take(l Link) *Break {
	if v.suspect != nil {
		if l.Chained(v.Head) == l.Hash {
			v.suspect.Kind = Inserted
		}
		return v.suspect
	}
	if next := max(v.Last, v.Before) + 1; l.ID != next {
		return outOfOrder(l.ID, next)
	}
	if l.ID <= v.anchor.Head.Before {
		return v.takeOld(l)
	}
	if l.Chained(v.Head) != l.Hash {
		return v.misfit(l)
	}
	switch head := v.anchor.Head; {
	case l.Misfiled:
		return &Break{l.ID, Changed}
	case l.ID == head.Last && l.Hash != head.Hash:
		return &Break{l.ID, Rewritten}
	}
	v.noted = v.noted || l.Hash == v.anchor.Noted
	v.earlier, v.Head = v.Head, l.Hash
	v.First, v.Last, v.Checked = v.Before+1, l.ID, v.Checked+1
	return v.outcome(l)
}

func outOfOrder(id, next int64) *Break {
	if id > next {
		return &Break{next, Removed}
	}
	return &Break{id, Inserted}
}

// takeOld takes an event from before the chain began. A hash on it is not the store's.
func (v *verifier) takeOld(l Link) *Break {
	if l.Hash != (Digest{}) {
		return &Break{l.ID, Changed}
	}
	v.Before++
	return v.outcome(l)
}

// misfit looks for what can be told at once: the event before has a hash that fits to its own place, but this event was
// written before that one came in between.
func (v *verifier) misfit(l Link) *Break {
	if v.Checked > 0 && l.Chained(v.earlier) == l.Hash {
		return &Break{v.Last, Inserted}
	}
	v.suspect = &Break{l.ID, Changed}
	return nil
}

func (v *verifier) outcome(l Link) *Break {
	if l.Outcome == nil {
		return nil
	}
	if l.Outcome.Chained(l.Hash) != l.OutcomeHash {
		return &Break{l.ID, OutcomeChanged}
	}
	v.Outcomes++
	return nil
}

// end looks for what only the end of the trail can show: what is no longer there.
func (v *verifier) end() *Break {
	last := max(v.Last, v.Before)
	switch {
	case v.suspect != nil:
		return v.suspect
	case last < v.anchor.Head.Last:
		return &Break{last + 1, Removed}
	case v.Outcomes < v.anchor.Head.Outcomes:
		return &Break{Kind: OutcomeRemoved}
	case !v.noted:
		return &Break{Kind: Unknown}
	}
	return nil
}
