package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
)

// answerAt has the API answer requests for one path with a text, and all others as it does.
func answerAt(s *consoletest.Stage, path string, answer func() string) {
	before := s.API
	s.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			before.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(answer()))
	})
}

func TestPatchView(t *testing.T) {
	s := consoletest.Start(t)
	patch := ""
	answerAt(s, "/api/v2/auditlogs/7", func() string {
		return `{"logId":"7","eventType":"UPDATE","category":"CONFIG","entityId":"POLICY: p-1","user":"ann","userType":"USER_NAME","userOrigin":"rest","timestamp":1795334400000,"success":true,"patch":` + patch + `}`
	})
	lines := make([]string, 40)
	for i := range lines {
		lines[i] = fmt.Sprintf("ALLOW service:%d:read;", i)
	}
	before, _ := json.Marshal(strings.Join(lines, "\n"))
	lines[20] = "DENY <b>all</b>;"
	after, _ := json.Marshal(strings.Join(lines, "\n"))
	for name, c := range map[string]struct {
		patch       string
		has, values []string
	}{
		"a text of many lines": {
			`[{"op":"replace","path":"/statementQuery","oldValue":` + string(before) + `,"value":` + string(after) + `}]`,
			[]string{"What was changed", "17 lines as before"}, []string{"ALLOW service:20:read;", "DENY <b>all</b>;", "ALLOW service:19:read;"},
		},
		"a member with a slash":     {`[{"op":"add","path":"/tags/a~1b~0c","value":"x"}]`, []string{"not there"}, []string{"tags › a/b~c", "x"}},
		"a thing that was made":     {`[{"op":"add","path":"","value":{"name":"made","on":true,"none":null}}]`, []string{"What was made"}, []string{"name", "made", "true", "null"}},
		"a thing that was taken":    {`[{"op":"remove","path":"","oldValue":{"name":"gone"}}]`, []string{"What was taken away"}, []string{"gone"}},
		"a value that is no object": {`[{"op":"add","path":"","value":[1,"two"]}]`, []string{"What was made"}, []string{"all of it", "1\ntwo"}},
		"an instant":                {`[{"op":"replace","path":"/expirationTimestamp","oldValue":null,"value":1795334400000}]`, nil, []string{"null", "1795334400000 (2026-11-22 08:00:00 UTC)"}},
		"a list":                    {`[{"op":"replace","path":"/scopes","oldValue":["a","b"],"value":["b","c"]}]`, []string{"went:", "came:"}, []string{"a", "b", "c"}},
		"an object":                 {`[{"op":"replace","path":"/match","oldValue":{"a":1},"value":{"a":2}}]`, []string{"went:", "came:"}, []string{`  "a": 1`, `  "a": 2`}},
		"nothing":                   {`[]`, nil, nil},
	} {
		patch = c.patch
		page := s.Get("/events/7").Want(200).Has(c.has...)
		for _, value := range c.values {
			if !slices.Contains(page.All("bdi"), value) {
				t.Errorf("%s: %q is not there: %q", name, value, page.All("bdi"))
			}
		}
		if strings.Contains(page.Text(), "service:1:read") {
			t.Errorf("%s: lines that are far from the change are there", name)
		}
	}
}

// Attack: somebody gives a thing a value of megabytes, so that nobody can open its event. Invariant: the page has its
// beginning, and says where all of it is.
func TestLongValues(t *testing.T) {
	s := consoletest.Start(t)
	answerAt(s, "/api/v2/auditlogs/7", func() string {
		long := strings.Repeat("𝔘", 1<<18)
		return `{"logId":"7","eventType":"UPDATE","entityId":"POLICY: p-1","timestamp":1,"success":true,"patch":[{"op":"replace","path":"/name","oldValue":"short","value":"` + long + `"}]}`
	})
	page := s.Get("/events/7").Want(200).Has("A value is longer than is shown.", "short", "𝔘…")
	if len(page.Body) > 100<<10 {
		t.Errorf("the page has %d bytes", len(page.Body))
	}
	if got := len(s.Get("/events/7/json").Want(200).Body); got < 1<<20 {
		t.Errorf("the event as JSON has %d bytes", got)
	}
}
