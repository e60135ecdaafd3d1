package module_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
)

// probed is what a probe of the admin endpoint is told.
type probed struct {
	Ready    bool
	Problems []string
	Store    struct {
		Up           bool
		ServingUntil time.Time `json:"serving_until"`
	}
	status int
}

// probeAdmin asks a route of the module as Caddy would, with a clock that is ahead.
func probeAdmin(t *testing.T, method, path string, ahead time.Duration, exiting bool) (*httptest.ResponseRecorder, error) {
	t.Helper()
	health := module.NewAdminHealth(func() time.Time { return time.Now().Add(ahead) }, func() bool { return exiting })
	for _, route := range health.Routes() {
		if route.Pattern == path {
			w := httptest.NewRecorder()
			err := route.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
			return w, err
		}
	}
	t.Fatalf("no route %s", path)
	return nil, nil
}

func readyAhead(t *testing.T, ahead time.Duration) probed {
	t.Helper()
	w, err := probeAdmin(t, "GET", "/doorward/ready", ahead, false)
	if err != nil {
		t.Fatal(err)
	}
	p := probed{status: w.Code}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Ready != (p.status == http.StatusOK) || !p.Ready && p.status != http.StatusServiceUnavailable {
		t.Errorf("status %d with %s", p.status, w.Body)
	}
	return p
}

func wantProblem(t *testing.T, p probed, status int, want string) {
	t.Helper()
	said := strings.Join(p.Problems, "\n")
	if p.status != status || (want == "") != (said == "") || !strings.Contains(said, want) {
		t.Errorf("%d with the problems %q, want %d with %q", p.status, p.Problems, status, want)
	}
}

// The store goes away and comes back, under a gate that runs. While it is away the gate is ready until nothing that it remembers
// may serve, and says until when; when it is back, the gate is ready by itself.
func TestReadiness(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	gate := module.TheGate(t)
	wantProblem(t, readyAhead(t, 0), http.StatusOK, "")

	folder := g.Folder + "/doorward.db"
	heal := breakStore(t, folder)
	eventually(t, "the gate has noticed", func() bool { return !readyAhead(t, 0).Store.Up })
	down := readyAhead(t, 0)
	wantProblem(t, down, http.StatusOK, "store down for ")
	if left := time.Until(down.Store.ServingUntil); left > 5*time.Minute || left < 4*time.Minute {
		t.Errorf("serves for %v more, want 5 minutes at most", left)
	}
	if up := gate.Gathered(t)["doorward_store_up"]; up != 0 {
		t.Errorf("doorward_store_up is %v", up)
	}
	wantProblem(t, readyAhead(t, 4*time.Minute), http.StatusOK, "serving cached until ")
	wantProblem(t, readyAhead(t, 5*time.Minute), http.StatusServiceUnavailable, "nothing cached may serve since ")

	heal()
	eventually(t, "the gate has noticed", func() bool { return readyAhead(t, 0).Store.Up })
	wantProblem(t, readyAhead(t, 0), http.StatusOK, "")
	if up := gate.Gathered(t)["doorward_store_up"]; up != 1 {
		t.Errorf("doorward_store_up is %v", up)
	}
}

// breakStore has every look at a SQLite store fail until heal is called: another program holds the table that is looked at under
// another name.
func breakStore(t *testing.T, path string) (heal func()) {
	t.Helper()
	db := openPlainly(t, path)
	rename := func(from, to string) {
		if _, err := db.ExecContext(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to); err != nil {
			t.Fatal(err)
		}
	}
	rename("changes", "changes_elsewhere")
	return func() { rename("changes_elsewhere", "changes") }
}

// A process that was told to end is not ready, whatever else holds, and works all the same.
func TestReadiness_Ending(t *testing.T) {
	moduletest.Start(t, plainSite)
	w, err := probeAdmin(t, "GET", "/doorward/ready", 0, true)
	if err != nil || w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "the process is ending") {
		t.Errorf("%d %s, %v", w.Code, w.Body, err)
	}
	if w, err = probeAdmin(t, "GET", "/doorward/live", 0, true); err != nil || w.Code != http.StatusOK {
		t.Errorf("%d %s, %v", w.Code, w.Body, err)
	}
}

// Where no gate is loaded, or none any more, there is nothing to be ready with.
func TestReadiness_NothingLoaded(t *testing.T) {
	none := func() {
		t.Helper()
		wantProblem(t, readyAhead(t, 0), http.StatusServiceUnavailable, "no gate is loaded")
		if w, err := probeAdmin(t, "GET", "/doorward/live", 0, false); err != nil || w.Code != http.StatusOK || w.Body.String() != "{\n  \"live\": true\n}\n" {
			t.Errorf("%d %s, %v", w.Code, w.Body, err)
		}
	}
	none()
	g := moduletest.Start(t, plainSite)
	wantProblem(t, readyAhead(t, 0), http.StatusOK, "")
	if err := g.TryLoad(strings.Replace(plainSite, "{STORE}", os.DevNull+"/doorward.db", 1)); err == nil {
		t.Fatal("a config without a usable store was loaded")
	}
	wantProblem(t, readyAhead(t, 0), http.StatusOK, "")
	g.Load("{\n\tadmin off\n}\n")
	none()
}

func TestReadiness_Methods(t *testing.T) {
	moduletest.Start(t, plainSite)
	w, err := probeAdmin(t, "POST", "/doorward/ready", 0, false)
	if refused, ok := errors.AsType[caddy.APIError](err); !ok || refused.HTTPStatus != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("%v with %v", err, w.Header())
	}
	w, err = probeAdmin(t, "HEAD", "/doorward/ready", 0, false)
	if err != nil || w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %q %v, %v", w.Code, w.Body, w.Header(), err)
	}
}
