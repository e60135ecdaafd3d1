package doorwardcmd

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEcho(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://api.example/a%2Fb/c?q=1&q=%20", strings.NewReader("<hello>"))
	r.Header.Set("X-Doorward-User", "ann")
	w := httptest.NewRecorder()
	echo(w, r)
	var got echoed
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d, %v", w.Code, err)
	}
	want := echoed{
		Method: "POST", Host: "api.example", Path: "/a%2Fb/c", Query: "q=1&q=%20",
		Headers: http.Header{"X-Doorward-User": {"ann"}}, Body: "<hello>",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEchoIsBounded(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(strings.Repeat("a", 2*maxEcho)))
	w := httptest.NewRecorder()
	echo(w, r)
	var got echoed
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Body) != maxEcho || !got.Truncated {
		t.Errorf("%d bytes, truncated %v, %v", len(got.Body), got.Truncated, err)
	}
}
