package module

import (
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Attack: send so many bodies at once that together they take all memory. Invariant: the read that goes beyond the bound
// fails, with a fault and not with a verdict, and what is given back can be used again.
func TestBodiesAreBoundedTogether(t *testing.T) {
	var all bodies
	all.held.Store(mostBodies - 10)
	first := &countedBody{ReadCloser: io.NopCloser(strings.NewReader("0123456789")), all: &all}
	second := &countedBody{ReadCloser: io.NopCloser(strings.NewReader("x")), all: &all}
	if _, err := io.ReadAll(first); err != nil {
		t.Errorf("up to the bound: %v", err)
	}
	if _, err := io.ReadAll(second); !errors.Is(err, errBodies) {
		t.Errorf("beyond the bound: %v", err)
	}
	x := new(exchange)
	if !x.denyBody(errBodies) || x.reason != reasonFault {
		t.Errorf("denied for %s", x.reason)
	}
	first.release()
	second.release()
	if held := all.held.Load(); held != mostBodies-10 {
		t.Errorf("%d are held after both were given back", held)
	}
}

// However reads and the end of the request fall together, nothing stays counted.
func TestBodiesAreGivenBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all bodies
		b := &countedBody{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", 100))), all: &all}
		released := false
		for range rapid.IntRange(0, 10).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "release") {
				b.release()
				released = true
				continue
			}
			_, _ = b.Read(make([]byte, rapid.IntRange(0, 30).Draw(t, "read")))
			if held := all.held.Load(); released && held != 0 {
				t.Fatalf("%d are counted after the end", held)
			}
		}
		b.release()
		if held := all.held.Load(); held != 0 {
			t.Fatalf("%d are counted", held)
		}
	})
}
