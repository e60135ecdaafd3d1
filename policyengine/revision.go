package policyengine

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
)

// Revision is a digest of statements, their meaning and their origin.
type Revision [sha256.Size]byte

// String is the first half of the digest in hexadecimal, which is enough to tell revisions apart in a log.
func (r Revision) String() string { return hex.EncodeToString(r[:len(r)/2]) }

// identified is a statement with its digest.
type identified struct {
	*bind.Statement
	revision Revision
}

// ordered sorts statements by policy and place, drops equal ones and digests the rest. Known digests can be given.
func ordered(statements []*bind.Statement, known map[*bind.Statement]Revision) ([]*bind.Statement, Revision) {
	list := make([]identified, len(statements))
	for i, s := range statements {
		revision, ok := known[s]
		if !ok {
			revision = revisionOf(s)
		}
		list[i] = identified{s, revision}
	}
	slices.SortFunc(list, func(a, b identified) int {
		return cmp.Or(
			strings.Compare(a.Origin.PolicyName, b.Origin.PolicyName),
			strings.Compare(a.Origin.PolicyID, b.Origin.PolicyID),
			cmp.Compare(a.Origin.Index, b.Origin.Index),
			slices.Compare(a.revision[:], b.revision[:]),
		)
	})
	list = slices.CompactFunc(list, func(a, b identified) bool { return a.revision == b.revision })
	digest := sha256.New()
	sorted := make([]*bind.Statement, len(list))
	for i, s := range list {
		digest.Write(s.revision[:])
		sorted[i] = s.Statement
	}
	return sorted, Revision(digest.Sum(nil))
}

// revisionOf digests one statement. Every field has its length or a fixed size, so that no two statements share a text.
func revisionOf(s *bind.Statement) Revision {
	var b []byte
	b = append(b, byte(s.Effect))
	o := s.Origin
	for _, text := range []string{s.Permission, o.PolicyID, o.PolicyName, string(o.Level), o.LevelID, o.IncludedIn, o.Boundary} {
		b = appendText(b, text)
	}
	for _, n := range []int{o.Index, o.Pos.Line, o.Pos.Column, o.Pos.Offset, len(s.Conditions)} {
		b = binary.AppendVarint(b, int64(n))
	}
	for i := range s.Conditions {
		b = appendCondition(b, &s.Conditions[i])
	}
	return sha256.Sum256(b)
}

// appendCondition leaves out where a condition stands and which boundary it came from: no verdict shows either.
func appendCondition(b []byte, c *bind.Condition) []byte {
	b = appendText(b, c.Name)
	b = append(b, byte(c.Kind), byte(c.Operator))
	b = binary.AppendUvarint(b, uint64(len(c.Operands)))
	for _, o := range c.Operands {
		// Moments are read from the texts, so the texts stand for them.
		b = binary.AppendUvarint(b, uint64(len(o.Parts)))
		for _, part := range o.Parts {
			switch part := part.(type) {
			case ast.Text:
				b = appendText(append(b, 't'), part.Text)
			case ast.Global:
				b = appendText(append(b, 'g'), part.Name)
			case ast.BindParam:
				b = appendText(append(b, 'p'), part.Name)
			}
		}
	}
	return b
}

// appendText writes a text after its length.
func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
