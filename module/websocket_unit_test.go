package module

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// boundaries feeds bytes in chunks of the given sizes, repeated, and lists the offsets at which a frame ends.
func boundaries(text []byte, sizes []byte) []int {
	var f frameTracker
	var ends []int
	for at, i := 0, 0; at < len(text); i++ {
		size := 1
		if len(sizes) > 0 {
			size += int(sizes[i%len(sizes)])
		}
		chunk := text[at:min(at+size, len(text))]
		for len(chunk) > 0 {
			n := f.boundary(chunk)
			if f.atBoundary() {
				n = 1 // the first byte of the next frame
			}
			f.advance(chunk[:n])
			at, chunk = at+n, chunk[n:]
			if f.atBoundary() {
				ends = append(ends, at)
			}
		}
	}
	return ends
}

func frame(second byte, extended []byte, payload int) []byte {
	return append(append([]byte{0x82, second}, extended...), make([]byte, payload)...)
}

func TestFrameTracker(t *testing.T) {
	masked := []byte{1, 2, 3, 4}
	tests := []struct {
		name string
		text []byte
		want []int
	}{
		{"empty", frame(0, nil, 0), []int{2}},
		{"short", frame(125, nil, 125), []int{127}},
		{"16 bits", frame(126, []byte{1, 0}, 256), []int{260}},
		{"64 bits", frame(127, []byte{0, 0, 0, 0, 0, 1, 0, 0}, 1<<16), []int{10 + 1<<16}},
		{"masked", frame(0x80|5, masked, 5), []int{11}},
		{"masked, 16 bits", frame(0x80|126, append([]byte{0, 200}, masked...), 200), []int{208}},
		{"masked, 64 bits", frame(0x80|127, append([]byte{0, 0, 0, 0, 0, 0, 1, 0}, masked...), 256), []int{14 + 256}},
		{"two", append(frame(3, nil, 3), frame(0, nil, 0)...), []int{5, 7}},
		{"cut off", frame(10, nil, 9), nil},
		{"longer than anything", frame(127, bytes.Repeat([]byte{0xff}, 8), 100), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, sizes := range [][]byte{{255}, {0}, {1, 2, 0}} {
				if diff := cmp.Diff(test.want, boundaries(test.text, sizes)); diff != "" {
					t.Errorf("chunks of %v: boundaries (-want +got):\n%s", sizes, diff)
				}
			}
		})
	}
}

// plainBoundaries reads the same bytes at once, as RFC 6455 section 5.2 describes them, without any state.
func plainBoundaries(text []byte) []int {
	var ends []int
	for at := 0; at+2 <= len(text); {
		size, header := uint64(text[at+1]&0x7f), 2
		rest := text[at+2:]
		switch {
		case size == 126 && len(rest) >= 2:
			size, header = uint64(binary.BigEndian.Uint16(rest)), 4
		case size == 127 && len(rest) >= 8:
			size, header = binary.BigEndian.Uint64(rest), 10
		case size > 125:
			return ends
		}
		if text[at+1]&0x80 != 0 {
			header += 4
		}
		if left := len(text) - at - header; left < 0 || size > uint64(left) {
			return ends
		}
		at += header + int(size)
		ends = append(ends, at)
	}
	return ends
}

// Whatever the bytes are and however they are cut into chunks, the frames end where they end.
func FuzzFrameTracker(f *testing.F) {
	f.Add([]byte{0x81, 2, 'h', 'i', 0x88, 0}, []byte{0})
	f.Add(frame(126, []byte{0, 200}, 200), []byte{6, 0, 99})
	f.Add(frame(0x80|127, []byte{0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4}, 9), []byte{2})
	f.Add(frame(127, bytes.Repeat([]byte{0xff}, 8), 3), []byte{})
	f.Fuzz(func(t *testing.T, text, sizes []byte) {
		if diff := cmp.Diff(plainBoundaries(text), boundaries(text, sizes)); diff != "" {
			t.Errorf("boundaries (-at once +in chunks):\n%s", diff)
		}
	})
}
