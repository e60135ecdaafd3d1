package mix

import (
	"io"
	"net/http"
	"testing"
)

// Both answer until Close, which may come twice.
func TestRear(t *testing.T) {
	r, err := StartRear(t.Context(), `{"status":"ok"}`)
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{"http://" + r.Upstream + "/any": `{"status":"ok"}`, r.Behind.URL + "/keys": ""} {
		answer, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK || want != "" && string(text) != want {
			t.Errorf("%s: %d %q, %v", url, answer.StatusCode, text, err)
		}
	}
	if r.Behind.Fetches.Load() != 1 {
		t.Errorf("%d fetches of the keys", r.Behind.Fetches.Load())
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	if _, err := http.Get(r.Behind.URL); err == nil { //nolint:bodyclose // there must be none
		t.Error("it answers after it was closed")
	}
}
