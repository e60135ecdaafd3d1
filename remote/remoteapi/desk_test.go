package remoteapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/remoteapi"
	"github.com/doorward/doorward/remote/remotetest"
	"github.com/doorward/doorward/remote/report"
)

const (
	requests = "/api/cluster/v2/remoteaccess/requests"
	own      = "/api/doorward/v1/remoteAccess"
	prefs    = "/api/v1.0/onpremise/preferences"
	nothing  = "11111111-1111-4111-8111-111111111111" // is the identifier of nothing
	john     = "john.smith@example.com"
)

var start = time.Date(2020, time.April, 9, 17, 21, 6, 661_000_000, time.UTC)

// callers are who has passed the gate.
var callers = map[string]rest.Caller{
	"ann":   {TokenID: "dt0c01.ANN", Kind: "dt0c01", User: "katie.novak", Cluster: true},
	"bob":   {TokenID: "dt0c01.BOB", Kind: "dt0c01", Cluster: true}, // nobody's token
	"self":  {TokenID: "dt0c01.SELF", Kind: "dt0c01", User: "John.Smith@example.com", Cluster: true},
	"staff": {TokenID: "dt0c01.JOHN", Kind: "dt0c01", User: "John.Smith@example.com", Staff: john},
	"jwt":   {TokenID: "https://idp.example.com/#7", Kind: "jwt", User: "eve@example.com", Staff: "eve@example.com"},
}

// desk serves the whole API over a store in memory, with a clock that a test moves.
type desk struct {
	*remote.Service
	t     *testing.T
	store *remotetest.Memory
	mux   *http.ServeMux
	now   time.Time
}

func newDesk(t *testing.T, setting remote.Setting, rules remote.Rules) *desk {
	t.Helper()
	d := &desk{t: t, store: new(remotetest.Memory), mux: http.NewServeMux(), now: start}
	d.Service = remote.NewService(remote.ServiceConfig{
		Store: d.store, Initial: setting, Rules: rules, Now: func() time.Time { return d.now },
		Mask: func(text string) string { return strings.ReplaceAll(text, "TOPSECRET", "***") },
	})
	config := remoteapi.Config{Service: d.Service, Report: func(_ context.Context, r remote.Request) (report.Report, error) {
		return report.Of(r, d.store.Events()), nil
	}}
	for _, o := range remoteapi.Operations(config) {
		d.mux.HandleFunc(o.Method+" "+o.Path, func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, o) })
	}
	return d
}

// serve is what the gate does around an operation.
func (d *desk) serve(w http.ResponseWriter, r *http.Request, o rest.Operation) {
	ctx := audit.WithOrigin(r.Context(), audit.Origin{Address: "192.0.2.1"})
	call := &rest.Call{Request: r.WithContext(ctx), Caller: callers[r.Header.Get("Caller")], Param: r.PathValue}
	if err := o.Serve(w, call); err != nil {
		rest.WriteError(w, rest.Envelope, rest.Of(err))
	}
}

func (d *desk) call(caller, method, target, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Caller", caller)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed && w.Header().Get("Cache-Control") != "no-store" {
		d.t.Errorf("%s %s: a cache may keep the answer", method, target)
	}
	return w
}

// want calls and expects a status.
func (d *desk) want(status int, caller, method, target, body string, header ...string) string {
	d.t.Helper()
	w := d.call(caller, method, target, body, header...)
	if w.Code != status {
		d.t.Fatalf("%s %s: %d, want %d: %s", method, target, w.Code, status, w.Body)
	}
	return w.Body.String()
}

// answer is a request as a client reads it.
type answer struct {
	RequestID           string
	UserID              string
	Reason              string
	RequestedDays       int
	Role                string
	CreatedTimestamp    int64
	ExpirationTimestamp *int64
	State               string
	StateModifiedByUser *string
	AskedDays           int
	AskedRole           string
	Approvals           []string
	BreakGlass          bool
	ReviewedByUser      string
}

func (d *desk) read(text string) (a answer) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		d.t.Fatal(err, text)
	}
	return a
}

const asked = `{"userId":"john.smith@example.com","reason":"SUP-123456 Verifying cluster state after upgrade","requestedDays":7,"role":"devops-admin"}`

// made is the identifier of a new request for John.
func (d *desk) made() string {
	d.t.Helper()
	return d.read(d.want(http.StatusCreated, "ann", http.MethodPost, requests, asked)).RequestID
}

func (d *desk) stateOf(id string) string {
	d.t.Helper()
	return d.read(d.want(http.StatusOK, "ann", http.MethodGet, requests+"/"+id, "")).State
}
