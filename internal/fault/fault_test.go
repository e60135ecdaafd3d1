package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/doorward/doorward/internal/fault"
)

// What a store could not answer never reads as "there is none", and its cause stays for the operator.
func TestOfStore(t *testing.T) {
	errGone, errTaken, errDisk := errors.New("gone"), errors.New("taken"), errors.New("disk")
	own := fault.New(fault.Forbidden, "Not yours.", nil)
	for name, test := range map[string]struct {
		err    error
		kind   fault.Kind
		public string
	}{
		"first meaning":  {fmt.Errorf("query: %w", errGone), fault.NotFound, "There is none."},
		"second meaning": {errTaken, fault.Conflict, "There is one."},
		"no meaning":     {errDisk, fault.Unavailable, "The store is away."},
		"a fault":        {fmt.Errorf("within: %w", own), fault.Forbidden, "Not yours."},
		"both":           {errors.Join(errTaken, errGone), fault.NotFound, "There is none."},
	} {
		t.Run(name, func(t *testing.T) {
			err := fault.OfStore(test.err, "The store is away.",
				fault.Meaning{Err: errGone, Kind: fault.NotFound, Public: "There is none."},
				fault.Meaning{Err: errTaken, Kind: fault.Conflict, Public: "There is one."})
			if fault.KindOf(err) != test.kind || fault.Public(err) != test.public || !errors.Is(err, test.err) {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := fault.OfStore(nil, "The store is away."); err != nil {
		t.Errorf("nil became %v", err)
	}
}
