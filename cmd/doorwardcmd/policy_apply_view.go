package doorwardcmd

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/pap/folder"
)

func doneText(d folder.Difference) string {
	done := map[folder.Verb]string{folder.Add: "added", folder.Change: "changed", folder.Remove: "removed"}
	return fmt.Sprintf("%s %s %s", done[d.Verb], d.Noun, shown(d.Name))
}

// writeDifferences shows each thing that differs, as a difference of the text that a folder has for it.
func writeDifferences(w io.Writer, all []folder.Difference) {
	count := map[folder.Verb]int{}
	for _, d := range all {
		count[d.Verb]++
		fmt.Fprintf(w, "%s %s %s\n", d.Verb, d.Noun, shown(d.Name))
		// The heading of a difference are file names, of which there is only one here.
		text := string(diff.Diff("a", []byte(ended(d.Before)), "b", []byte(ended(d.After))))
		for i, line := range slices.Collect(strings.Lines(text)) {
			if i >= 3 && !strings.HasPrefix(line, "@@") {
				fmt.Fprintln(w, "  "+printable(shownLine(line)))
			}
		}
	}
	fmt.Fprintf(w, "\n%d to add, %d to change, %d to remove\n", count[folder.Add], count[folder.Change], count[folder.Remove])
}

// ended is a text whose last line ends, which differences take for granted.
func ended(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// shownLine keeps the mark in front of a line apart from the line's own blanks.
func shownLine(line string) string {
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return ""
	}
	return line[:1] + " " + printable(line[1:])
}

// writeReplayed shows which decisions would have been others.
func writeReplayed(w io.Writer, r module.Replayed) {
	if r.Records == 0 {
		fmt.Fprintln(w, "\nNo recorded decision asked the policies anything.")
		return
	}
	fmt.Fprintf(w, "\nOf %d recorded decisions %d were decided again, and %d would have been others.\n", r.Records, r.Replayed, r.Changed)
	fmt.Fprintln(w, "Of requests that were let through the log may hold a sample only.")
	for _, g := range r.Groups {
		because := "no policy grants it"
		if len(g.Policies) > 0 {
			because = "by " + strings.Join(g.Policies, ", ")
		}
		fmt.Fprintf(w, "\n%s: %d from %s to %s, %s\n", shown(g.Permission), g.Count, g.From, g.To, shown(because))
		for _, s := range g.Samples {
			fmt.Fprintf(w, "  %s  %s  %s  %s\n", shown(s.ID), momentOr(s.Time, "-"), shown(s.User), shown(sampleText(s)))
		}
		if rest := g.Count - len(g.Samples); rest > 0 && len(g.Samples) > 0 {
			fmt.Fprintf(w, "  and %d more\n", rest)
		}
	}
	if r.Drifted > 0 {
		fmt.Fprintf(w, "\nToday's policies differ from the recorded answers in %d: policies or groups have changed since.\n", r.Drifted)
	}
	for _, reason := range slices.Sorted(maps.Keys(r.Skipped)) {
		fmt.Fprintf(w, "\n%d could not be decided again: %s.\n", r.Skipped[reason], reason)
	}
}

// maxShownValues bounds what a line says of an attribute.
const maxShownValues = 5

func sampleText(s module.ReplayedSample) string {
	parts := []string{s.Environment}
	for _, name := range slices.Sorted(maps.Keys(s.Attributes)) {
		values := s.Attributes[name]
		text := strings.Join(values[:min(len(values), maxShownValues)], ",")
		if len(values) > maxShownValues {
			text += ",…"
		}
		parts = append(parts, name+"="+text)
	}
	return strings.Join(parts, " ")
}
