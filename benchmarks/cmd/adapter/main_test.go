package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The adapter asks about the original request, and lets through only what OPA says true to.
func TestAdapter(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		answer string
		want   int
	}{
		"true":      {http.StatusOK, `{"result":true}`, http.StatusOK},
		"false":     {http.StatusOK, `{"result":false}`, http.StatusForbidden},
		"undefined": {http.StatusOK, `{}`, http.StatusForbidden},
		"broken":    {http.StatusOK, `{"result":true`, http.StatusServiceUnavailable},
		"fault":     {http.StatusInternalServerError, `{"result":true}`, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			var asked question
			opa := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
					t.Error(err)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			}))
			defer opa.Close()
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			r.Header.Set("X-Forwarded-Method", "PUT")
			r.Header.Set("X-Forwarded-Uri", "/a/b?c=d")
			r.Header.Set("Authorization", "Api-Token secret")
			w := httptest.NewRecorder()
			newAdapter(opa.URL).ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("status %d, want %d", w.Code, c.want)
			}
			if diff := cmp.Diff(question{input{"PUT", "/a/b", "secret"}}, asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}
