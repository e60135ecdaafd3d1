package doorwardcmd_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Whoever tries Doorward out, and is refused, can ask why with nothing but what the answer had: at once, while the
// gateway runs.
func TestQuickstart_Explain(t *testing.T) {
	dir := t.TempDir()
	q := startTrial(t, dir)
	defer q.stop(t, os.Interrupt)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+q.gateway+"/api/v2/metrics/query", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Api-Token dt0c01.AAAAAAAAAAAAAAAAAAAAAAAA."+strings.Repeat("S", 64))
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	id := response.Header.Get("X-Doorward-Decision-Id")
	var out []byte
	// A record is on disk within a second.
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) && len(out) == 0; {
		out, _ = exec.CommandContext(t.Context(), "doorward", "explain", "--folder", filepath.Join(dir, "data", "decisions"), id).Output()
	}
	for _, want := range []string{"deny (bad_credential, 401)", "cause        unknown\n", "principal   refused"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("nothing says %q:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "SSSSSSSS") {
		t.Error("an explanation holds the secret")
	}
}
