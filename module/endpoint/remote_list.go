package endpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxRemoteLines bounds the list of one catalogue; the embedded one has about a hundred.
const maxRemoteLines = 2000

// RemoteLine is one line of a catalogue's list of what remote staff need. For each row without rules of its own the lines
// are read in their order: each that fits adds its rule, and the first without conditions ends it.
type RemoteLine struct {
	// Methods are upper case; nil means every method.
	Methods []string
	// Path is a template: literal segments, {name} or "*" for one segment of a row's template, whatever its kind, and at the
	// end "**" for any number of them, also none.
	Path string
	RemoteRule
	// Masked becomes that of the row. Only lines without conditions have it.
	Masked []string
	// Origin says where the line was written.
	Origin string
}

// remoteLine is a line with its path taken apart.
type remoteLine struct {
	RemoteLine
	segments []segment
	open     bool // "**" at the end
}

// parsed checks a line by itself.
func (l RemoteLine) parsed() (remoteLine, error) {
	for i, method := range l.Methods {
		if !isMethod(method) || slices.Contains(l.Methods[:i], method) {
			return remoteLine{}, fmt.Errorf("methods: expected different upper-case methods, found %.80q", method)
		}
	}
	if err := l.checkAnswer(); err != nil {
		return remoteLine{}, err
	}
	if l.Masked != nil && len(l.When) > 0 {
		return remoteLine{}, errors.New("masked: what an answer shows cannot depend on a condition")
	}
	if err := checkMasked([]RemoteRule{l.RemoteRule}, l.Masked); err != nil {
		return remoteLine{}, err
	}
	path, open := strings.CutSuffix(l.Path, "/**")
	parsed := remoteLine{RemoteLine: l, open: open}
	if path == "" && open {
		return parsed, nil
	}
	path = nameWildcards(path)
	if strings.Contains(path, "*") {
		return parsed, fmt.Errorf("path %.140q: * stands for a whole segment, and ** for the rest at the end; write %%2A for the character", l.Path)
	}
	p, err := ParsePattern("GET " + path)
	if problem, ok := errors.AsType[*PatternError](err); ok {
		return parsed, fmt.Errorf("path %.140q: %s", l.Path, problem.Message)
	}
	parsed.segments = p.segments
	if n := len(p.segments); n > 0 && p.segments[n-1].kind == tail {
		return parsed, fmt.Errorf("path %.140q: write ** at the end for any number of segments", l.Path)
	}
	return parsed, nil
}

// nameWildcards writes "*" as the parameter that it stands for, so that there is one grammar for paths.
func nameWildcards(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if rest, wild := strings.CutPrefix(s, "*"); wild && (rest == "" || rest[0] == ':') {
			segments[i] = fmt.Sprintf("{_%d}%s", i, rest)
		}
	}
	return strings.Join(segments, "/")
}

// covers reports whether a line speaks of a row. It compares templates, never requests: a row is decided as a whole.
func (l *remoteLine) covers(p Pattern) bool {
	if l.Methods != nil && !slices.Contains(l.Methods, p.Method) {
		return false
	}
	if len(p.segments) < len(l.segments) || !l.open && len(p.segments) > len(l.segments) {
		return false
	}
	for i, s := range l.segments {
		row := p.segments[i]
		same := s.kind == row.kind && s.text == row.text
		anyOne := s.kind == parameter && row.kind != tail
		if !same && !anyOne {
			return false
		}
	}
	return true
}

// remoteLines are the lines of one layer.
type remoteLines []remoteLine

// parsedLines checks the lines of a layer that did not come from a file as well; fail hears of those that are no good.
func parsedLines(lines []RemoteLine, fail func(l RemoteLine, err error)) remoteLines {
	parsed := make(remoteLines, 0, len(lines))
	for _, line := range lines {
		l, err := line.parsed()
		if err != nil {
			fail(line, err)
			continue
		}
		parsed = append(parsed, l)
	}
	return parsed
}

// complete gives a row without rules those of the list. A row that says something itself has been thought of by whoever
// wrote it, and takes nothing over.
func (lines remoteLines) complete(row *Endpoint, p Pattern) {
	if row.Remote != nil {
		return
	}
	for i := range lines {
		l := &lines[i]
		if !l.covers(p) {
			continue
		}
		row.Remote = append(row.Remote, l.RemoteRule)
		if len(l.When) == 0 {
			row.Masked = l.Masked
			return
		}
	}
}

// idle are the lines that speak of none of the rows. Such a line is a slip, and what it was meant to close stands open or
// what it was meant to open stays closed.
func (lines remoteLines) idle(patterns []Pattern) remoteLines {
	return slices.DeleteFunc(slices.Clone(lines), func(l remoteLine) bool { return slices.ContainsFunc(patterns, l.covers) })
}

// patternsOf are the patterns of rows, as far as they are any.
func patternsOf(rows []Endpoint) []Pattern {
	patterns := make([]Pattern, 0, len(rows))
	for _, row := range rows {
		if p, err := ParsePattern(row.Method + " " + row.Template); err == nil {
			patterns = append(patterns, p)
		}
	}
	return patterns
}
