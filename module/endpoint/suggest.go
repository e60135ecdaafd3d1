package endpoint

import (
	"fmt"

	"github.com/doorward/doorward/internal/edit"
)

// didYouMean is "; did you mean …?" with the candidate nearest to what was written, "" where none is near. Ties go to
// the first candidate. The texts are patterns, keys and names, none above maxPattern bytes, and this runs only while an
// error is put into words.
func didYouMean(written string, candidates []string) string {
	nearest, least := "", max(2, len(written)/4)+1
	for _, candidate := range candidates {
		if difference := len(candidate) - len(written); max(difference, -difference) >= least {
			continue // too far whatever its letters, and the bound on the work of the loop below
		}
		if distance := edit.Distance(written, candidate); distance < least {
			nearest, least = candidate, distance
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", nearest)
}
