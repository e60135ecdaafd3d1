package policyengine

import (
	"encoding/binary"
	"fmt"
)

// appendKey writes what a decision depends on, time apart: the set's revision, the permission, and what the request says
// about each attribute that some statement about the permission reads, in the order of their names. Each part is tagged
// with its shape and written after its length, so two requests share a key only if they say the same.
//
// Whatever the set does not read is left out, so that requests which differ in it share an answer.
func (s *Set) appendKey(key []byte, p *permission, r *Request) ([]byte, error) {
	key = append(key, s.Revision[:]...)
	key = appendText(key, p.name)
	for i := range p.reads {
		read := &p.reads[i]
		if read.Kind.Timed() {
			continue
		}
		f, err := r.fact(read.Name)
		if err != nil {
			return nil, err
		}
		if key, err = appendFact(key, &f); err != nil {
			return nil, err
		}
	}
	return key, nil
}

// appendFact writes the shape first: an empty text, an empty list and nothing at all are three different things.
func appendFact(key []byte, f *fact) ([]byte, error) {
	key = append(key, byte(f.shape))
	switch f.shape {
	case unknown:
		return key, nil
	case single:
		return appendValue(key, f.one)
	}
	if len(f.many) > MaxValues {
		return nil, invalid(fmt.Sprintf("an attribute has more than %d values", MaxValues))
	}
	key = binary.AppendUvarint(key, uint64(len(f.many)))
	for _, v := range f.many {
		var err error
		if key, err = appendValue(key, v); err != nil {
			return nil, err
		}
	}
	return key, nil
}

// appendValue holds values to their bounds, because this is where every decision passes, and before anything is made of
// them.
func appendValue(key []byte, value string) ([]byte, error) {
	if len(value) > MaxValueBytes || len(key)+len(value) > maxKeyBytes {
		return nil, invalid("the attributes are too large")
	}
	return appendText(key, value), nil
}
