package tokenapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the answers in testdata anew")

// TestStories replays testdata/*.txtar. A story is a row of sections: "request" and the "response" to it. A request names
// its caller in the header Caller, and lets time pass before it with Wait. What differs in each run has a name: <id 1> and
// <secret 1> are those of the first token that the story creates, <tenant 1> is the first tenant token, <id clerk> and
// <secret clerk> are those of a caller, <key> is the last page key. A secret is never in the files.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			told, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newStory(t)
			for i, section := range told.Files {
				if section.Name != "response" {
					s.ask(string(section.Data))
					continue
				}
				if got := s.answer; !*update && got != string(section.Data) {
					t.Errorf("%s (-want +got):\n%s", s.asked, cmp.Diff(string(section.Data), got))
				}
				told.Files[i].Data = []byte(s.answer)
			}
			s.noSecrets(s.secrets...)
			if *update {
				if err := os.WriteFile(file, txtar.Format(told), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// story is a desk, and what has been said there so far.
type story struct {
	*desk
	values  map[string]string // by name
	secrets []string
	created int
	asked   string // the first line of the last request
	answer  string
}

func newStory(t *testing.T) *story {
	s := &story{desk: newDesk(t), values: map[string]string{}}
	for name, caller := range s.callers {
		s.values["<id "+name+">"], s.values["<secret "+name+">"] = caller.TokenID, secretOf(name)
		s.secrets = append(s.secrets, secretOf(name))
	}
	return s
}

func (s *story) ask(text string) {
	for strings.HasPrefix(text, "#") { // a remark
		_, text, _ = strings.Cut(text, "\n")
	}
	head, body, _ := strings.Cut(text, "\n\n")
	first, fields, _ := strings.Cut(strings.TrimSpace(head), "\n")
	method, target, _ := strings.Cut(s.told(first), " ")
	caller, header := "", []string(nil)
	for line := range strings.Lines(fields) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "Caller":
			caller = value
		case "Wait":
			by, err := time.ParseDuration(value)
			if err != nil {
				s.t.Fatal(err)
			}
			s.wait(by)
		default:
			header = append(header, name, value)
		}
	}
	s.asked, target = first, strings.NewReplacer(`"`, "%22", " ", "%20").Replace(target) // readable in the files
	s.answer = s.read(s.call(caller, method, target, strings.TrimSuffix(s.told(body), "\n"), header...))
}

// told puts values in the places of their names.
func (s *story) told(text string) string {
	for name, value := range s.values {
		text = strings.ReplaceAll(text, name, value)
	}
	return text
}

// read writes an answer down, with names in the places of values.
func (s *story) read(w *httptest.ResponseRecorder) string {
	body := w.Body.String()
	s.learn(w.Body.Bytes())
	s.learnTenants(w.Body.Bytes())
	var b strings.Builder
	fmt.Fprintln(&b, w.Code)
	for _, name := range []string{"Content-Type", "Deprecation", "Retry-After"} {
		if value := w.Header().Get(name); value != "" && value != "application/json; charset=utf-8" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	if body != "" {
		var indented bytes.Buffer
		if err := json.Indent(&indented, []byte(body), "", "  "); err == nil {
			body = indented.String()
		}
		fmt.Fprintf(&b, "\n%s\n", strings.ReplaceAll(body, "\r\n", "\n"))
	}
	text := b.String()
	// Longest first: an identifier is part of its secret.
	names := make([]string, 0, len(s.values))
	for name := range s.values {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return len(s.values[b]) - len(s.values[a]) })
	for _, name := range names {
		text = strings.ReplaceAll(text, s.values[name], name)
	}
	return text
}

// learn names the values of an answer.
func (s *story) learn(body []byte) {
	var answer struct{ ID, Token, NextPageKey string }
	if err := json.Unmarshal(body, &answer); err != nil {
		answer.Token, _ = strings.CutPrefix(strings.TrimSpace(string(body)), "token\r\n")
	}
	if answer.NextPageKey != "" {
		s.values["<key>"] = answer.NextPageKey
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(answer.Token, "dt0"), ".")
	if rest, secret := strings.CutPrefix(answer.Token, "dt0"); secret {
		public, _, _ := strings.Cut(rest[len(id)+1:], ".")
		s.created++
		n := strconv.Itoa(s.created)
		s.values["<id "+n+">"], s.values["<secret "+n+">"] = "dt0"+id+"."+public, answer.Token
		s.secrets = append(s.secrets, answer.Token)
	}
}
