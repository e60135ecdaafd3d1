package tokens

import (
	"cmp"
	"slices"
)

// maxHittingSteps bounds the search for a smallest set. The sets that occur need a few dozen steps: most endpoints can be
// used with one or two scopes only.
const maxHittingSteps = 20_000

// hittingSet is a smallest set of names that has at least one of every given set, sorted; of several smallest ones the
// first in the order of their names. Empty sets are passed over. It is found by branch and bound. Beyond maxHittingSteps
// the best set found until then is given, which still hits everything but may not be smallest.
func hittingSet(sets [][]string) []string {
	s := newHittingSearch(sets)
	s.best = s.greedy()
	s.search()
	names := make([]string, len(s.best))
	for i, element := range s.best {
		names[i] = s.names[element]
	}
	return names
}

// hittingSearch works on numbers of names, which are in the order of the names.
type hittingSearch struct {
	names []string
	sets  [][]int
	hits  []int // for each set, how many of its elements are chosen

	member  [][]int // for each element, the sets that it is in
	chosen  []int
	barred  []bool // elements that an earlier branch has tried with everything chosen so far
	best    []int  // sorted
	steps   int
	touched []int // scratch of bound: the step at which an element was last seen
}

func newHittingSearch(sets [][]string) *hittingSearch {
	s := &hittingSearch{names: slices.Compact(slices.Sorted(slices.Values(slices.Concat(sets...))))}
	s.member, s.barred, s.touched = make([][]int, len(s.names)), make([]bool, len(s.names)), make([]int, len(s.names))
	for _, set := range sets {
		var elements []int
		for _, name := range slices.Compact(slices.Sorted(slices.Values(set))) {
			element, _ := slices.BinarySearch(s.names, name)
			elements = append(elements, element)
		}
		if len(elements) > 0 {
			s.sets = append(s.sets, elements)
		}
	}
	// One set twice asks for nothing more.
	slices.SortFunc(s.sets, func(a, b []int) int { return cmp.Or(cmp.Compare(len(a), len(b)), slices.Compare(a, b)) })
	s.sets = slices.CompactFunc(s.sets, slices.Equal)
	for i, set := range s.sets {
		for _, element := range set {
			s.member[element] = append(s.member[element], i)
		}
	}
	s.hits = make([]int, len(s.sets))
	return s
}

func (s *hittingSearch) choose(element, by int) {
	for _, set := range s.member[element] {
		s.hits[set] += by
	}
}

// greedy takes the element that is in most of the sets not hit yet, again and again. It leaves the search as it was.
func (s *hittingSearch) greedy() []int {
	var taken []int
	for s.open() >= 0 {
		most, at := 0, 0
		for element, sets := range s.member {
			n := 0
			for _, set := range sets {
				if s.hits[set] == 0 {
					n++
				}
			}
			if n > most {
				most, at = n, element
			}
		}
		s.choose(at, 1)
		taken = append(taken, at)
	}
	for _, element := range taken {
		s.choose(element, -1)
	}
	slices.Sort(taken)
	return taken
}

// open is the set not hit yet that leaves the fewest choices, -1 where all are hit.
func (s *hittingSearch) open() int {
	least, at := len(s.names)+1, -1
	for i, set := range s.sets {
		if s.hits[i] > 0 {
			continue
		}
		n := 0
		for _, element := range set {
			if !s.barred[element] {
				n++
			}
		}
		if n < least {
			least, at = n, i
		}
	}
	return at
}

// search tries every element of the most pressing set. An element whose branch is done is barred from the branches after
// it, so that no combination is looked at twice.
func (s *hittingSearch) search() {
	s.steps++
	if s.steps > maxHittingSteps || len(s.chosen)+s.bound() > len(s.best) {
		return
	}
	at := s.open()
	if at < 0 {
		s.offer()
		return
	}
	var tried []int
	for _, element := range s.sets[at] {
		if s.barred[element] {
			continue
		}
		s.choose(element, 1)
		s.chosen = append(s.chosen, element)
		s.search()
		s.chosen = s.chosen[:len(s.chosen)-1]
		s.choose(element, -1)
		s.barred[element] = true
		tried = append(tried, element)
	}
	for _, element := range tried {
		s.barred[element] = false
	}
}

// bound is a number of elements that is needed in any case: one for each of some sets that have none in common.
func (s *hittingSearch) bound() int {
	n := 0
	for i, set := range s.sets {
		if s.hits[i] > 0 || slices.ContainsFunc(set, func(element int) bool { return s.touched[element] == s.steps }) {
			continue
		}
		n++
		for _, element := range set {
			s.touched[element] = s.steps
		}
	}
	return n
}

// offer takes what is chosen, which hits everything, if it is better than the best so far.
func (s *hittingSearch) offer() {
	found := slices.Sorted(slices.Values(s.chosen))
	if cmp.Or(cmp.Compare(len(found), len(s.best)), slices.Compare(found, s.best)) < 0 {
		s.best = found
	}
}
