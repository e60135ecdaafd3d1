// Package edit measures how far two words are apart, for suggestions to whoever has mistyped one.
package edit

// Distance is the optimal string alignment distance of two byte strings: the least number of insertions, removals,
// replacements and swaps of neighbours that makes one the other. Case counts. It takes len(a) times len(b) steps, so
// callers bound both.
func Distance(a, b string) int {
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(old[j]+cost, old[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
		older, old, row = old, row, older
	}
	return old[len(b)]
}
