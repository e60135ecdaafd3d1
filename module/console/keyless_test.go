package console_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
)

// A gateway without an encryption key says what to do about it, and not that its store is away.
func TestWithoutAnEncryptionKey(t *testing.T) {
	s := consoletest.Start(t)
	const words = "OAuth2 is off: no encryption_key is configured."
	s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": 503, "message": words}})
	})
	for _, path := range []string{"/oauth-clients", "/oauth-clients/x", "/oauth-clients.csv", "/tenant-token"} {
		s.Get(path).Want(503).Has("This is switched off", words, "doorward key create").Lacks("The store does not answer")
	}
	s.Post("/tenant-token/start", nil).Want(503).Has("doorward key create")
}
