package masking

import (
	"bytes"
	"slices"
)

// smallSet is how many names a set may hold to be emptied for the next object; a larger one is thrown away, because to
// empty it costs as much as it once held, for however small the objects are that follow.
const smallSet = 64

// names are those of one object so far. Few are compared one by one; more go into a set.
type names struct {
	few  [8][]byte
	n    int
	many map[string]struct{}
}

// reset is for the next object.
func (k *names) reset() {
	k.n = 0
	if len(k.many) > smallSet {
		k.many = nil
	}
	clear(k.many)
}

// add reports false for a name that is there already.
func (k *names) add(name []byte) bool {
	if len(k.many) > 0 {
		before := len(k.many)
		k.many[string(name)] = struct{}{}
		return len(k.many) > before
	}
	if slices.ContainsFunc(k.few[:k.n], func(other []byte) bool { return bytes.Equal(other, name) }) {
		return false
	}
	if k.n < len(k.few) {
		k.few[k.n] = name
		k.n++
		return true
	}
	if k.many == nil {
		k.many = map[string]struct{}{}
	}
	k.many[string(name)] = struct{}{}
	for _, other := range k.few {
		k.many[string(other)] = struct{}{}
	}
	return true
}
