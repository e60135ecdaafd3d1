package ast

import (
	"iter"
	"strings"

	"github.com/doorward/doorward/internal/edit"
)

// Nearest returns the candidate that a mistyped word most likely meant, or "" when none is near. Near means few
// single-character edits, counting two swapped neighbours as one, and is judged by segment between colons: of
// storage:metric:read and storage:metrics:read one letter differs, while create and read are two words however long
// the names around them are. Of equally near candidates the first wins.
func Nearest(word string, candidates iter.Seq[string]) string {
	best, bestDistance := "", len(word)+1
	for candidate := range candidates {
		if d, near := nameDistance(word, candidate); near && d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// nameDistance adds up the edits in each segment. Segments of a much different length are not compared at all, so a word
// of any length costs little.
func nameDistance(word, candidate string) (distance int, near bool) {
	if strings.Count(word, ":") != strings.Count(candidate, ":") {
		return 0, false
	}
	for segment := range strings.SplitSeq(word, ":") {
		var wanted string
		wanted, candidate, _ = strings.Cut(candidate, ":")
		limit := 1 + len(wanted)/6
		if difference := len(segment) - len(wanted); difference > limit || -difference > limit {
			return 0, false
		}
		edits := edit.Distance(segment, wanted)
		// A short word of which most letters differ is another word, not a slip of the pen.
		if edits > limit || 2*edits > len(wanted) {
			return 0, false
		}
		distance += edits
	}
	return distance, true
}
