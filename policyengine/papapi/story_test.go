package papapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/doorward/doorward/policyengine/papapi"
)

var update = flag.Bool("update", false, "write the answers of the stories anew")

// TestStories holds every story to its answers. A story is an archive of requests, each followed by its answer. The head of
// a request is
//
//	METHOD /path [as=caller] [name=member.of.the.answer …]
//
// with the body under it. A name takes a value out of the answer: from then on {name} stands for it, in requests and
// answers. {account} and {env} are there from the start. ASK user permission [attribute=value …] asks the policies, and
// EVENTS shows what has come into the audit trail since the last time.
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/stories/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no stories", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			tell(t, path)
		})
	}
}

func tell(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &story{desk: newDesk(t), values: [][2]string{{"account", account}, {"foreign", foreign}, {"env", environment}}}
	told := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		if f.Name == "answer" {
			continue
		}
		told.Files = append(told.Files, f, txtar.File{Name: "answer", Data: []byte(s.answer(f.Name, string(f.Data)))})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(told), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(told))); diff != "" && !*update {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// story is one that is being told.
type story struct {
	*desk
	values [][2]string // names and what they stand for
	seen   int         // audit events
}

func (s *story) fill(text string) string {
	for _, v := range s.values {
		text = strings.ReplaceAll(text, "{"+v[0]+"}", v[1])
	}
	return text
}

func (s *story) named(text string) string {
	for _, v := range s.values {
		text = strings.ReplaceAll(text, v[1], "{"+v[0]+"}")
	}
	return text
}

func (s *story) answer(head, body string) string {
	words := strings.Fields(s.fill(head))
	switch words[0] {
	case "EVENTS":
		return s.events()
	case "ASK":
		return s.verdict(words[1], words[2], words[3:])
	}
	caller := "admin"
	names := map[string]string{}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		if name == "as" {
			caller = value
			continue
		}
		names[name] = value
	}
	w := s.call(caller, words[0], words[1], s.fill(body))
	for name, path := range names {
		s.values = append(s.values, [2]string{name, member(s.t, w.Body.Bytes(), path)})
	}
	text := strconv.Itoa(w.Code) + "\n"
	if w.Body.Len() > 0 {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, w.Body.Bytes(), "", " "); err != nil {
			s.t.Errorf("%s: %v", head, err)
		}
		text += s.named(pretty.String()) + "\n"
	}
	return text
}

// member is a text in a JSON value, such as "items.0.uuid".
func member(t testing.TB, text []byte, path string) string {
	t.Helper()
	var at any
	if err := json.Unmarshal(text, &at); err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(path, ".") {
		switch in := at.(type) {
		case map[string]any:
			at = in[name]
		case []any:
			n, err := strconv.Atoi(name)
			if err != nil || n >= len(in) {
				t.Fatalf("no %s in %s", path, text)
			}
			at = in[n]
		}
	}
	found, ok := at.(string)
	if !ok {
		t.Fatalf("no text %s in %s", path, text)
	}
	return found
}

func (s *story) verdict(user, permission string, pairs []string) string {
	q := papapi.Question{Permission: permission, Attributes: map[string][]string{}}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		q.Attributes[name] = append(q.Attributes[name], value)
	}
	v, err := s.ask(s.t.Context(), user, q)
	if err != nil {
		s.t.Fatal(err)
	}
	if v.Allow {
		return "allowed\n"
	}
	return "refused\n"
}

func (s *story) events() string {
	var b strings.Builder
	events := s.store.Events()
	for _, e := range events[s.seen:] {
		fmt.Fprintln(&b, e.Actor, e.Action, e.Object)
		if e.Patch != "" {
			fmt.Fprintln(&b, "  "+e.Patch)
		}
	}
	s.seen = len(events)
	return s.named(b.String())
}
