package masking

import (
	"fmt"
	"strings"
)

const (
	every = "*"  // step: each member of an object, each element of an array
	below = "**" // last step: everything below
	named = "-"  // last step: only the name before it

	maxDepth    = 64   // containers in one another; bounds the recursion over a document, and the steps of a pointer
	maxPointers = 1000 // of one plan; bounds what a name of a document is compared with
)

// Plan is what may be shown of a JSON document. It is immutable, and may be used by several goroutines.
type Plan struct{ root *node }

// node is a place of a document that some pointer goes to or through.
type node struct {
	members map[string]*node // by name or, of an array, by decimal index
	every   *node
	shown   bool // a scalar here
	below   bool // everything below here
}

// Compile makes a plan of JSON pointers (RFC 6901) to what may be shown; everything else is masked. Without a pointer
// nothing is shown.
//
// A pointer shows the scalar that stands exactly there, and the names of the members on the way. The step "*" stands for
// every member of an object and every element of an array, and the last step may be one of two more: "/a/**" shows all
// that is below /a, names and values, and "/a/-" (in RFC 6901 an element that does not exist) shows that there is a member
// "a" and nothing of its value. A number is the index of an element, or the name of a member.
//
// The error names the pointer. Refused are the pointer "" to the whole document, empty names, steps of asterisks other than
// these two, and more than 64 steps or 1,000 pointers.
func Compile(shown []string) (*Plan, error) {
	if len(shown) > maxPointers {
		return nil, fmt.Errorf("%d pointers, at most %d are allowed", len(shown), maxPointers)
	}
	root := &node{}
	for _, pointer := range shown {
		steps, err := parsePointer(pointer)
		if err != nil {
			return nil, fmt.Errorf("%.140q: %w", pointer, err)
		}
		root.add(steps)
	}
	return &Plan{root}, nil
}

// parsePointer splits a pointer into its steps, unescaped. An empty name would be legal, and is refused: it is more likely a
// slash too many, and a pointer that silently shows nothing is found out late.
func parsePointer(pointer string) ([]string, error) {
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return nil, fmt.Errorf("expected a JSON pointer such as /items/*/name")
	}
	steps := strings.Split(rest, "/")
	if len(steps) > maxDepth {
		return nil, fmt.Errorf("%d steps, at most %d are allowed", len(steps), maxDepth)
	}
	for i, step := range steps {
		if err := checkStep(step, i == len(steps)-1); err != nil {
			return nil, err
		}
		// One pass over the text, so that "~01" becomes "~1" (RFC 6901 section 4).
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
	}
	if steps[0] == named {
		return nil, fmt.Errorf("%q stands after a name", named)
	}
	return steps, nil
}

func checkStep(step string, last bool) error {
	if step == "" {
		return fmt.Errorf("expected names between the slashes")
	}
	if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(step), "~") {
		return fmt.Errorf("expected ~0 for '~' and ~1 for '/'")
	}
	if step == below && !last {
		return fmt.Errorf("%q is the last step", below)
	}
	// A member that is named like the mask could not be told from it.
	if strings.Trim(step, "*") == "" && step != every && step != below {
		return fmt.Errorf("expected %q, %q or a name", every, below)
	}
	return nil
}

// add hangs a pointer into the tree. Pointers that share their first steps share the nodes, so that a document is compared
// with each step once.
func (n *node) add(steps []string) {
	for i, step := range steps {
		switch last := i == len(steps)-1; {
		case last && step == below:
			n.below = true
			return
		case last && step == named:
			return
		case step == every:
			if n.every == nil {
				n.every = &node{}
			}
			n = n.every
		default:
			n = n.member(step)
		}
	}
	n.shown = true
}

func (n *node) member(name string) *node {
	if n.members == nil {
		n.members = map[string]*node{}
	}
	if n.members[name] == nil {
		n.members[name] = &node{}
	}
	return n.members[name]
}
