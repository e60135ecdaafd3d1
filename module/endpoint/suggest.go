package endpoint

import "fmt"

// didYouMean is "; did you mean …?" with the candidate nearest to what was written, "" where none is near. Ties go to
// the first candidate.
func didYouMean(written string, candidates []string) string {
	nearest, least := "", max(2, len(written)/4)+1
	for _, candidate := range candidates {
		if difference := len(candidate) - len(written); max(difference, -difference) >= least {
			continue // too far whatever its letters, and the bound on the work of the loop below
		}
		if distance := editDistance(written, candidate); distance < least {
			nearest, least = candidate, distance
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", nearest)
}

// editDistance counts inserted, removed and replaced bytes (Levenshtein), in one row of the usual matrix. Its texts are
// patterns, keys and names, none above maxPattern bytes, and it runs only while an error is put into words.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
