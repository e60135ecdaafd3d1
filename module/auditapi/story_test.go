package auditapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/auditapi"
)

var update = flag.Bool("update", false, "write the golden answers anew")

// TestStories sends the requests of each archive one after the other and compares the answers. A request is a line with
// the path and the query; {next} stands for the page key of the answer before.
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { tell(t, path) })
	}
}

// histories are what the stories are about.
var histories = map[string]func() []audit.Event{"entry": history, "filter": history, "list": history, "refused": history, "staff": staff}

func tell(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &trail{}
	s.add(histories[strings.TrimSuffix(filepath.Base(path), ".txtar")]()...)
	want, told, next := txtar.Format(archive), []txtar.File{}, ""
	for _, file := range archive.Files {
		name, isRequest := strings.CutSuffix(file.Name, ".request")
		if !isRequest {
			continue
		}
		w := ask(s, "prod", strings.ReplaceAll(strings.TrimSpace(string(file.Data)), "{next}", next))
		var page struct{ NextPageKey string }
		_ = json.Unmarshal(w.Body.Bytes(), &page)
		next = page.NextPageKey
		told = append(told, file, txtar.File{Name: name + ".answer", Data: answerText(t, w)})
	}
	got := txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: told})
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// answerText is the status and the indented body. Page keys are opaque, so they do not show.
func answerText(t *testing.T, w *httptest.ResponseRecorder) []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, w.Code)
	if err := json.Indent(&b, w.Body.Bytes(), "", "  "); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	var page struct{ NextPageKey string }
	_ = json.Unmarshal(w.Body.Bytes(), &page)
	text := b.String()
	if page.NextPageKey != "" {
		text = strings.ReplaceAll(text, page.NextPageKey, "…")
	}
	return []byte(text + "\n")
}

// ask calls the operation that a request is for, as somebody of an environment.
func ask(s auditapi.Store, environment, uri string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	path, rawQuery, _ := strings.Cut(uri, "?")
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: rawQuery}, Header: http.Header{}}
	id, template := "", "/api/v2/auditlogs"
	if rest, found := strings.CutPrefix(path, template+"/"); found {
		id, template = rest, template+"/{id}"
	}
	call := &rest.Call{Request: r, Caller: rest.Caller{Environment: environment}, Param: func(name string) string {
		if name == "id" {
			return id
		}
		return ""
	}}
	for _, o := range auditapi.Operations(auditapi.Config{Store: s, Now: func() time.Time { return now }}) {
		if o.Path == template {
			if err := o.Serve(w, call); err != nil {
				rest.WriteError(w, rest.Envelope, rest.Of(err))
			}
		}
	}
	return w
}
