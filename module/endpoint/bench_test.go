package endpoint

import (
	"slices"
	"testing"
)

// request is one benchmark question.
type request struct{ method, path string }

// everyRow is a request for each row of the embedded table.
func everyRow(table *Table, value string) []request {
	var requests []request
	for _, row := range table.All() {
		requests = append(requests, request{row.Method, expand(row.Template, slices.Repeat([]string{value}, len(row.Params)))})
	}
	return requests
}

func TestMatchDoesNotAllocate(t *testing.T) {
	table := embeddedTable(t)
	requests := slices.Concat(everyRow(table, "x7"), everyRow(table, "a%20b:c"), []request{
		{"GET", "/nothing/here"}, {"PATCH", "/api/v2/metrics/query"}, {"HEAD", "/api/v2/metrics/query"},
	})
	var p Params
	allocs := testing.AllocsPerRun(10, func() {
		for _, r := range requests {
			table.Match(r.method, r.path, &p)
			p.SlashesAdmitted()
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for %d requests, want none", allocs, len(requests))
	}
}

func BenchmarkMatch(b *testing.B) {
	table := embeddedTable(b)
	for name, requests := range map[string][]request{
		"all rows":         everyRow(table, "x7"),
		"all rows escaped": everyRow(table, "a%20b"),
		"query":            {{"GET", "/api/v2/metrics/query"}},
		"no row":           {{"GET", "/api/v2/metrics/query/nothing"}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var p Params
			for i := 0; b.Loop(); i++ {
				r := requests[i%len(requests)]
				table.Match(r.method, r.path, &p)
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	c, err := Embedded("dynatrace")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Build(c.Layer()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	data, err := embedded.ReadFile("catalog/dynatrace.json")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Parse("dynatrace.json", data); err != nil {
			b.Fatal(err)
		}
	}
}
