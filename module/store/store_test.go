package store_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/storetest"
)

func TestOpen(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) storetest.Open {
		dsn := "sqlite:" + filepath.Join(t.TempDir(), "doorward.db")
		return func(t *testing.T) store.Store {
			t.Helper()
			s, err := store.Open(t.Context(), dsn, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
	})
}

// The attack: a DSN with a password, mistyped, ends up in a log. The invariant: of a DSN that is refused, at most a
// known-shaped scheme is repeated.
func TestOpenRefuses(t *testing.T) {
	const secret = "hunter2"
	tests := []struct{ name, dsn, want string }{
		{"empty", "", "no DSN given"},
		{"no scheme", "/var/lib/" + secret, "does not begin with a scheme"},
		{"keywords", "host=db password=" + secret, "does not begin with a scheme"},
		{"secret before the colon", secret + "Hunter:x", "does not begin with a scheme"},
		{"postgres, nothing", "postgres:", "names a server"},
		{"unknown", "mysql://doorward:" + secret + "@db", `the scheme "mysql" is not known`},
		{"host", "sqlite://" + secret + "/doorward.db", "takes a path, not a host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := store.Open(t.Context(), tt.dsn, store.Options{})
			if err == nil || s != nil {
				t.Fatalf("opened: %v, %v", s, err)
			}
			if text := err.Error(); !strings.Contains(text, tt.want) || strings.Contains(text, secret) ||
				!strings.Contains(text, "sqlite:<path") {
				t.Errorf("got %q, want %q and what is accepted in it, and no secret", text, tt.want)
			}
		})
	}
}

func TestOpenFails(t *testing.T) {
	s, err := store.Open(t.Context(), "sqlite:"+t.TempDir(), store.Options{})
	if err == nil || s != nil {
		t.Errorf("a folder: got %v, %v", s, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err = store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "x.db"), store.Options{})
	if err == nil || s != nil {
		t.Errorf("with a cancelled context: got %v, %v", s, err)
	}
}
