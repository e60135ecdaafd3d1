package module

import (
	"cmp"
	"slices"
	"strings"

	"github.com/doorward/doorward/module/endpoint"
)

// Bounds of what is called near: a suggestion that is wrong costs more than none.
const (
	nearRows     = 3
	nearDistance = 3
)

// nearestRows finds the rows that a mistyped request most likely meant, nearest first.
func nearestRows(table *endpoint.Table, method, path string) []*endpoint.Endpoint {
	type near struct {
		row      *endpoint.Endpoint
		distance int
	}
	segments := strings.Split(path, "/")
	var found []near
	for _, row := range table.All() {
		distance := segmentDistance(segments, strings.Split(row.Template, "/"))
		if row.Method != method {
			distance++
		}
		if distance <= nearDistance && row.AliasOf == "" {
			found = append(found, near{row, distance})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	rows := make([]*endpoint.Endpoint, 0, nearRows)
	for _, n := range found[:min(len(found), nearRows)] {
		rows = append(rows, n.row)
	}
	return rows
}

// segmentDistance counts what would have to change: 1 for a segment that begins alike, 3 for one that does not or that is
// missing. A parameter takes any segment.
func segmentDistance(path, template []string) int {
	common := min(len(path), len(template))
	distance := 3 * (max(len(path), len(template)) - common)
	for i := range common {
		switch {
		case path[i] == template[i] || strings.HasPrefix(template[i], "{"):
		case alike(path[i], template[i]):
			distance++
		default:
			distance += 3
		}
	}
	return distance
}

// alike reports whether two words share their first half, in any case of letters.
func alike(a, b string) bool {
	half := (max(len(a), len(b)) + 1) / 2
	return min(len(a), len(b)) >= half && strings.EqualFold(a[:half], b[:half])
}
