package module

import (
	"crypto/sha256"
	"io"
	"strings"
	"testing"
)

// Attack: none is needed. Access is withdrawn while a request is answered whose body has been read, or that has none; a deadline on
// its connection would then end every request that others send by that connection, which a balancer keeps for all of them.
// Invariant: only an upload that is under way is stopped.
func TestOnlyUploadsAreStopped(t *testing.T) {
	for name, test := range map[string]struct {
		read, concluded bool
		stopped         int
	}{
		"under way": {false, false, 1}, "read": {true, false, 0}, "over": {false, true, 0},
	} {
		stopped := 0
		b := &visitBody{ReadCloser: io.NopCloser(strings.NewReader("x")), hash: sha256.New(), stop: func() { stopped++ }}
		if test.read {
			_, _ = io.ReadAll(b)
		}
		if test.concluded {
			b.conclude()
		}
		if b.cut(); stopped != test.stopped {
			t.Errorf("%s: stopped %d times, want %d", name, stopped, test.stopped)
		}
	}
	var none *visitBody
	none.cut()
}
