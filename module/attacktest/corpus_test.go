package attacktest_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// attack is one case of the corpus: what is sent byte for byte, and what must come of it.
//
// A file of the corpus is read line by line. `== id name` begins a case, `#` lines before it tell the attack. Then the
// request up to the line `=> status [code [part of the detail]]`. A line of the request ends in CRLF, unless it ends in
// \n (then a bare LF) or in \c (then nothing follows); \xNN, \t and the like stand for bytes, {R} for the text of the
// token R. A request whose lines begin with ':' is made of HTTP/2 fields. After the answer:
//
//	upstream METHOD host /target   what the upstream must have received; without it, nothing at all
//	has Name: value                a header that it received exactly so
//	lacks Name                     a header that it did not receive
//	h2 none                        the request cannot be written in HTTP/2
//	h2 status [code [detail]]      the answer in HTTP/2, where it is another one
//	h2 reset CODE                  the stream or connection ends with this error code
type attack struct {
	id, name, file string
	line           int
	request        string
	fields         []hpack.HeaderField // of a request in HTTP/2 alone
	want           answer
	upstream       string
	has            []string
	lacks          []string
	h2             string // what follows "h2"; "" where the answer is the same
}

// answer is what a client must be told.
type answer struct {
	status       int
	code, detail string
	reset        string
}

// readCorpus reads every file of testdata/*.txt.
func readCorpus(t testing.TB) []attack {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	var all []attack
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := parseCorpus(file, text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, cases...)
	}
	return all
}

func parseCorpus(file string, text []byte) ([]attack, error) {
	var cases []attack
	answered := true
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		line := strings.TrimSuffix(string(raw), "\n")
		var err error
		switch {
		case strings.HasPrefix(line, "== "):
			id, name, _ := strings.Cut(line[3:], " ")
			cases = append(cases, attack{id: id, name: name, file: file, line: number})
			answered = false
		case answered && (line == "" || line[0] == '#'):
		case len(cases) == 0:
			err = fmt.Errorf("text before the first case")
		case strings.HasPrefix(line, "=> "):
			cases[len(cases)-1].want, err = parseAnswer(line[3:])
			answered = true
		case answered:
			err = cases[len(cases)-1].expect(line)
		default:
			err = cases[len(cases)-1].send(line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number, err)
		}
	}
	return cases, nil
}

func parseAnswer(text string) (answer, error) {
	words := strings.SplitN(text, " ", 3)
	if words[0] == "reset" && len(words) == 2 {
		return answer{reset: words[1]}, nil
	}
	status, err := strconv.Atoi(words[0])
	a := answer{status: status}
	if len(words) > 1 {
		a.code = words[1]
	}
	if len(words) > 2 {
		a.detail = words[2]
	}
	return a, err
}

// send adds a line to the request.
func (a *attack) send(line string) error {
	ending := "\r\n"
	if rest, ok := strings.CutSuffix(line, `\c`); ok {
		line, ending = rest, ""
	} else if strings.HasSuffix(line, `\n`) {
		ending = ""
	}
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(line, `"`, `\"`) + `"`)
	if err != nil {
		return err
	}
	if a.request == "" && strings.HasPrefix(text, ":") {
		at := strings.Index(text[1:], " ") + 1
		a.fields = append(a.fields, hpack.HeaderField{Name: text[:at], Value: text[at+1:]})
		return nil
	}
	if a.fields != nil {
		if name, value, ok := strings.Cut(text, ": "); ok {
			a.fields = append(a.fields, hpack.HeaderField{Name: name, Value: value})
		}
		return nil
	}
	a.request += text + ending
	return nil
}

// expect reads a line after the answer.
func (a *attack) expect(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "upstream":
		a.upstream = rest
	case "has":
		a.has = append(a.has, rest)
	case "lacks":
		a.lacks = append(a.lacks, rest)
	case "h2":
		a.h2 = rest
	default:
		return fmt.Errorf("expected upstream, has, lacks or h2, got %q", line)
	}
	return nil
}

// http2 is the same request in HTTP/2; ok is false where there is none.
func (a *attack) http2() (fields []hpack.HeaderField, body string, want answer, ok bool) {
	want = a.want
	if a.h2 == "none" {
		return nil, "", want, false
	}
	if a.h2 != "" {
		want, _ = parseAnswer(a.h2)
	}
	if a.fields != nil {
		return a.fields, "", want, true
	}
	head, body, _ := strings.Cut(a.request, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	method, target, _ := strings.Cut(lines[0], " ")
	target = target[:strings.LastIndexByte(target, ' ')]
	fields = []hpack.HeaderField{{Name: ":method", Value: method}, {Name: ":scheme", Value: "https"}, {Name: ":path", Value: target}}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		switch name = strings.ToLower(name); name {
		case "host":
			fields = append(fields[:1:1], append([]hpack.HeaderField{{Name: ":authority", Value: value}}, fields[1:]...)...)
		case "content-length":
		default:
			fields = append(fields, hpack.HeaderField{Name: name, Value: value})
		}
	}
	return fields, body, want, true
}
