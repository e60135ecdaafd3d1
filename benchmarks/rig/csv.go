package rig

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// About is what a reader has to know of a run, by name: "date", "machine", "kernel", "go", versions, settings.
type About map[string]string

// columns are the first line of the table.
var columns = []string{"case", "measure", "round", "value", "unit"}

// WriteCSV writes a run: a line "# name: value" for each fact, in the order of the names, then a table of samples.
func WriteCSV(to io.Writer, about About, samples []Sample) error {
	for _, name := range slices.Sorted(maps.Keys(about)) {
		value := about[name]
		if name == "" || strings.ContainsAny(name, ":\r\n") || strings.ContainsAny(value, "\r\n") {
			return fmt.Errorf("fact %q: %q does not go into a line", name, value)
		}
		if _, err := fmt.Fprintf(to, "# %s: %s\n", name, value); err != nil {
			return err
		}
	}
	table := csv.NewWriter(to)
	_ = table.Write(columns) // Errors stay until Flush.
	for _, s := range samples {
		value := strconv.FormatFloat(s.Value, 'g', -1, 64)
		_ = table.Write([]string{s.Case, s.Measure, strconv.Itoa(s.Round), value, s.Unit})
	}
	table.Flush()
	return table.Error()
}

// SaveCSV writes a run to a file, in the place of what was there.
func SaveCSV(file string, about About, samples []Sample) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(WriteCSV(out, about, samples), out.Close())
}

// ReadCSV reads what WriteCSV wrote. The facts stand before the table.
func ReadCSV(from io.Reader) (About, []Sample, error) {
	about, lines := About{}, bufio.NewReader(from)
	for {
		start, err := lines.Peek(2)
		if err != nil || string(start) != "# " {
			break // What is wrong with the file, the table will tell.
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, nil, fmt.Errorf("facts without a table: %w", err)
		}
		name, value, ok := strings.Cut(strings.TrimRight(line[2:], "\r\n"), ": ")
		if !ok {
			return nil, nil, fmt.Errorf("fact %q lacks its value", strings.TrimSpace(line))
		}
		about[name] = value
	}
	samples, err := readTable(lines)
	return about, samples, err
}

func readTable(from io.Reader) ([]Sample, error) {
	table := csv.NewReader(from)
	table.FieldsPerRecord = len(columns)
	header, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("first line of the table: %w", err)
	}
	if !slices.Equal(header, columns) {
		return nil, fmt.Errorf("columns are %q, want %q", header, columns)
	}
	rows, err := table.ReadAll()
	if err != nil {
		return nil, err
	}
	samples := make([]Sample, 0, len(rows))
	for i, row := range rows {
		round, err := strconv.Atoi(row[2])
		if err != nil {
			return nil, fmt.Errorf("sample %d: round %q is no number", i+1, row[2])
		}
		value, err := strconv.ParseFloat(row[3], 64)
		if err != nil || math.IsInf(value, 0) {
			return nil, fmt.Errorf("sample %d: value %q is no number", i+1, row[3])
		}
		samples = append(samples, Sample{Case: row[0], Measure: row[1], Round: round, Value: value, Unit: row[4]})
	}
	return samples, nil
}
