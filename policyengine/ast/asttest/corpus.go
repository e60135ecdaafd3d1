package asttest

import (
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// Case is one case of a corpus: the sections of a txtar archive whose names share the part before the dot.
type Case struct {
	Name   string
	Inputs map[string]string // by the part of the section's name after the dot
}

// Section is one answer to a case.
type Section struct{ Name, Text string }

// Replay answers every case of a corpus and returns the archive as it should read: comment and inputs as they were,
// each case followed by its answers, empty ones left out. Sections named in answers are dropped before, so a test
// compares the result with the file, and writes it to the file when told to update.
func Replay(archive []byte, answers []string, respond func(Case) []Section) []byte {
	old := txtar.Parse(archive)
	replayed := &txtar.Archive{Comment: old.Comment}
	var c Case
	finish := func() {
		if c.Name == "" {
			return
		}
		for _, s := range respond(c) {
			if s.Text != "" {
				replayed.Files = append(replayed.Files, txtar.File{Name: c.Name + "." + s.Name, Data: []byte(s.Text)})
			}
		}
	}
	for _, f := range old.Files {
		name, section, _ := strings.Cut(f.Name, ".")
		if slices.Contains(answers, section) {
			continue
		}
		if name != c.Name {
			finish()
			c = Case{Name: name, Inputs: map[string]string{}}
		}
		c.Inputs[section] = string(f.Data)
		replayed.Files = append(replayed.Files, f)
	}
	finish()
	return txtar.Format(replayed)
}
