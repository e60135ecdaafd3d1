package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
)

// Digest is a place in the chain of events: the SHA-256 of an event and of everything before it. The zero Digest is the place
// before the first event.
type Digest [sha256.Size]byte

var errNoDigest = errors.New("a digest is 64 hexadecimal digits")

// String is the digest as 64 hexadecimal digits, in small letters.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText is encoding.TextMarshaler's: the text of String.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is encoding.TextUnmarshaler's. It takes capital letters too.
func (d *Digest) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(d) || len(text)%2 != 0 {
		return errNoDigest
	}
	var read Digest
	if _, err := hex.Decode(read[:], text); err != nil {
		return errNoDigest
	}
	*d = read
	return nil
}

// The encodings have a name in front that ends in their version. An encoding is never changed: what was written under it could
// not be verified any more. A change is a new name, and both are tried.
const (
	eventEncoding   = "doorward audit event 1"
	outcomeEncoding = "doorward audit outcome 1"
)

// Chained is the digest of the event where previous is that of the event before it: of every field but ID, which is known
// only once it is written, and Outcome, which comes later and has a digest of its own. The time counts to the millisecond.
func (e Event) Chained(previous Digest) Digest {
	n := newEncoding(eventEncoding, previous)
	n.number(e.Time.UnixMilli())
	n.text(e.Environment)
	n.text(e.Actor)
	n.text(e.Origin)
	n.text(e.Decision)
	n.text(e.Action)
	n.text(e.Object)
	n.number(e.Revision)
	n.flag(e.Failed)
	n.text(e.Message)
	n.text(e.Detail)
	n.text(e.Patch)
	return sha256.Sum256(n)
}

// Chained is the digest of the outcome of the event whose digest is of, so that an outcome cannot be moved to another event.
func (o Outcome) Chained(of Digest) Digest {
	n := newEncoding(outcomeEncoding, of)
	n.number(o.At.UnixMilli())
	n.number(int64(o.Status))
	n.number(o.Bytes)
	n.text(o.BodyDigest)
	n.text(o.Cut)
	return sha256.Sum256(n)
}

// encoding is what is hashed. Every part has a fixed length or its length in front, so that no two things have the same one.
type encoding []byte

func newEncoding(name string, previous Digest) encoding {
	n := make(encoding, 0, 512)
	n.text(name)
	return append(n, previous[:]...)
}

func (n *encoding) text(s string) {
	n.number(int64(len(s)))
	*n = append(*n, s...)
}

func (n *encoding) number(v int64) {
	*n = binary.BigEndian.AppendUint64(*n, uint64(v)) //nolint:gosec // the bits are what is wanted, of negative numbers too
}

func (n *encoding) flag(v bool) {
	if v {
		n.number(1)
		return
	}
	n.number(0)
}
