package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// results are a file: facts, and values by case, measure and round.
type results struct {
	about  map[string]string
	cases  []string // in the order of the file
	values map[key]map[int]float64
}

type key struct{ name, measure string }

func read(from io.Reader) (*results, error) {
	r := &results{about: map[string]string{}, values: map[key]map[int]float64{}}
	lines := bufio.NewReader(from)
	for {
		if start, err := lines.Peek(2); err != nil || string(start) != "# " {
			break
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, err
		}
		name, value, _ := strings.Cut(strings.TrimSpace(line[2:]), ": ")
		r.about[name] = value
	}
	table := csv.NewReader(lines)
	table.FieldsPerRecord = 5
	rows, err := table.ReadAll()
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		if i == 0 {
			continue // the names of the columns
		}
		if err := r.add(row); err != nil {
			return nil, fmt.Errorf("sample %d: %w", i, err)
		}
	}
	return r, nil
}

func (r *results) add(row []string) error {
	round, err := strconv.Atoi(row[2])
	if err != nil {
		return err
	}
	value, err := strconv.ParseFloat(row[3], 64)
	if err != nil {
		return err
	}
	if !slices.Contains(r.cases, row[0]) {
		r.cases = append(r.cases, row[0])
	}
	k := key{row[0], row[1]}
	if r.values[k] == nil {
		r.values[k] = map[int]float64{}
	}
	r.values[k][round] = value
	return nil
}

// perRound are the sums of the measures of a case, divided by those of the base where there is one. Rounds that lack something are left out.
func (r *results) perRound(name, base string, measures ...string) []float64 {
	sums := r.sums(name, measures)
	if base == "" {
		return slices.Collect(maps.Values(sums))
	}
	var ratios []float64
	under := r.sums(base, measures)
	for round, sum := range sums {
		if below, ok := under[round]; ok && below != 0 {
			ratios = append(ratios, sum/below)
		}
	}
	return ratios
}

func (r *results) sums(name string, measures []string) map[int]float64 {
	sums, seen := map[int]float64{}, map[int]int{}
	for _, measure := range measures {
		for round, value := range r.values[key{name, measure}] {
			sums[round] += value
			seen[round]++
		}
	}
	maps.DeleteFunc(sums, func(round int, _ float64) bool { return seen[round] < len(measures) })
	return sums
}

// spread is the median of values and how far they reach.
type spread struct{ min, median, max float64 }

// spreadOf wants at least one value.
func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return spread{sorted[0], (sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[n-1]}
}
