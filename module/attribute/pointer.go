package attribute

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxDepth bounds the nesting of a body, and with it the recursion over it.
const maxDepth = 64

// everyElement is the step of a pointer that goes through all elements of an array.
const everyElement = "*"

// parsePointer reads a JSON pointer (RFC 6901) whose steps are names of members, or "*". Positions in arrays are not
// supported: what a list holds at a fixed place is not what a request is about. For a list the pointer has to end in
// "*", the elements of which are the list.
func parsePointer(pointer string, list bool) ([]string, error) {
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return nil, fmt.Errorf("body: %.140q: expected a JSON pointer such as /items/*/name", pointer)
	}
	steps := strings.Split(rest, "/")
	if len(steps) >= maxDepth {
		return nil, fmt.Errorf("body: %d steps, at most %d are allowed", len(steps), maxDepth-1)
	}
	for i, step := range steps {
		plain := strings.NewReplacer("~0", "", "~1", "").Replace(step)
		if step == "" || strings.Contains(plain, "~") {
			return nil, fmt.Errorf("body: %.140q: expected names between the slashes, with ~0 for '~' and ~1 for '/'", pointer)
		}
		// One pass over the text, so that "~01" becomes "~1" (RFC 6901 section 4).
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
	}
	if list && steps[len(steps)-1] != everyElement {
		return nil, errors.New("body: a list ends in /*, the elements of an array")
	}
	return steps, nil
}

// node is a place of a document that some pointer goes to or through.
type node struct {
	members []member
	items   *node // every element of an array
	leaf    int   // index of the source that wants the scalar here, or noLeaf
	list    int   // index of the source that wants the array here as one list, or noLeaf
	leaves  int   // sources at this place and below
	each    bool  // some source below stands in the elements of an array, and may have several values
}

type member struct {
	name string
	node *node
}

const noLeaf = -1

func newNode() *node { return &node{leaf: noLeaf, list: noLeaf} }

// add hangs a pointer into the tree. Pointers that share their first steps share the nodes, and so go through the same
// elements of an array together: that is what keeps the values of one element in one question.
func (n *node) add(steps []string, leaf int, list bool) {
	n.leaves++
	last := len(steps)
	if list {
		last-- // the elements of a list are one value
	}
	n.each = n.each || slices.Contains(steps[:last], everyElement)
	switch {
	case len(steps) == 0:
		n.leaf = leaf
	case list && len(steps) == 1:
		n.list = leaf
		n.elements()
	case steps[0] == everyElement:
		n.elements().add(steps[1:], leaf, list)
	default:
		n.member(steps[0]).add(steps[1:], leaf, list)
	}
}

func (n *node) elements() *node {
	if n.items == nil {
		n.items = newNode()
	}
	return n.items
}

func (n *node) member(name string) *node {
	for _, m := range n.members {
		if m.name == name {
			return m.node
		}
	}
	n.members = append(n.members, member{name, newNode()})
	return n.members[len(n.members)-1].node
}
