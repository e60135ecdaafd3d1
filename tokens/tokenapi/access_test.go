package tokenapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// made is what a client keeps of a creation.
type made struct{ ID, Token string }

func (d *desk) create(caller, body string) made {
	d.t.Helper()
	var m made
	if err := json.Unmarshal([]byte(d.want(http.StatusCreated, caller, http.MethodPost, tokensPath, body)), &m); err != nil {
		d.t.Fatal(err)
	}
	return m
}

// TestOverlappingWriters: between the moment at which one client's update is read and the one at which it is stored, others
// change every part of the token. Nothing of theirs is undone, and the update takes effect.
func TestOverlappingWriters(t *testing.T) {
	for late, want := range map[string]string{
		`{"name":"late"}`:                           `late false [events.read metrics.read] [10.0.0.0/8]`,
		`{"scopes":["events.read"]}`:                `early false [events.read] [10.0.0.0/8]`,
		`{"enabled":true}`:                          `early true [events.read metrics.read] [10.0.0.0/8]`,
		`{"allowedNetworks":[]}`:                    `early false [events.read metrics.read] []`,
		`{"name":"late","scopes":["metrics.read"]}`: `late false [metrics.read] [10.0.0.0/8]`,
	} {
		d := newDesk(t)
		one := d.create("admin", `{"name":"first","scopes":["logs.ingest"]}`)
		d.store.Before = func(_ context.Context, method string) error {
			if method == "UpdateToken" {
				d.store.Before = nil
				d.want(http.StatusNoContent, "admin", http.MethodPut, tokensPath+"/"+one.ID,
					`{"name":"early","enabled":false,"scopes":["events.read","metrics.read"],"allowedNetworks":["10.0.0.0/8"]}`)
			}
			return nil
		}
		d.want(http.StatusNoContent, "admin", http.MethodPut, tokensPath+"/"+one.ID, late)
		r, err := d.store.Token(t.Context(), one.ID)
		if got := fmt.Sprint(r.Name, " ", r.Enabled, " ", r.Scopes, " ", r.Networks); got != want || err != nil {
			t.Errorf("%s: %s, %v; want %s", late, got, err, want)
		}
	}
}

// TestConcurrentWriters: three clients change one part of one token each, many times. None undoes what another has done.
func TestConcurrentWriters(t *testing.T) {
	const rounds = 100
	d := newDesk(t)
	one := d.create("admin", `{"name":"shared","scopes":["logs.ingest"]}`)
	bodies := map[string]func(i int) string{
		"name": func(i int) string { return fmt.Sprintf(`{"name":"name %d"}`, i) },
		"scopes": func(i int) string {
			return fmt.Sprintf(`{"scopes":["metrics.read",%q]}`, []string{"logs.ingest", "events.read"}[i%2])
		},
		"switch": func(i int) string { return fmt.Sprintf(`{"enabled":%t}`, i%2 == 0) },
	}
	var writers sync.WaitGroup
	for _, body := range bodies {
		writers.Go(func() {
			for i := range rounds {
				w := d.call("admin", http.MethodPut, tokensPath+"/"+one.ID, body(i))
				for w.Code == http.StatusConflict { // says to try again
					w = d.call("admin", http.MethodPut, tokensPath+"/"+one.ID, body(i))
				}
				if w.Code != http.StatusNoContent {
					t.Errorf("update: %d %s", w.Code, w.Body)
				}
			}
		})
	}
	writers.Wait()
	var got struct {
		Name    string
		Enabled bool
		Scopes  []string
	}
	if err := json.Unmarshal([]byte(d.want(http.StatusOK, "admin", http.MethodGet, tokensPath+"/"+one.ID, "")), &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "name 99" || got.Enabled || !slices.Equal(got.Scopes, []string{"events.read", "metrics.read"}) {
		t.Errorf("after all writers: %+v", got)
	}
}

// Attack: a creation that is refused for one part of its body is nevertheless carried out, because another reader of the
// body has found nothing wrong. Fix: the service is shown a date that it refuses. Invariant: 400 makes no token.
func TestRefusedCreationMakesNothing(t *testing.T) {
	d := newDesk(t)
	before := d.list("admin", "").TotalCount
	for _, body := range []string{
		`{"name":"a","scopes":["logs.ingest"],"expirationDate":"soon"}`, `{"name":"a","scopes":["logs.ingest"],"expirationDate":true}`, `{"name":"a","scopes":["logs.ingest"],"expirationDate":""}`,
	} {
		d.want(http.StatusBadRequest, "admin", http.MethodPost, tokensPath, body)
	}
	d.want(http.StatusBadRequest, "admin", http.MethodPost, "/api/v1/tokens", `{"name":"a","scopes":["logs.ingest"],"expiresIn":{"value":0}}`)
	if p := d.list("admin", ""); p.TotalCount != before {
		t.Errorf("%d tokens", p.TotalCount)
	}
	if events := d.store.Events(); len(events) > 0 {
		t.Errorf("events: %v", events)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	d := newDesk(t)
	one := d.create("admin", `{"name":"a","scopes":["logs.ingest"]}`)
	large := `{"name":"` + strings.Repeat("a", rest.MaxBody) + `"}`
	for _, request := range [][2]string{
		{http.MethodPost, tokensPath}, {http.MethodPut, tokensPath + "/" + one.ID}, {http.MethodPost, tokensPath + "/lookup"},
		{http.MethodPost, "/api/v1/tokens"}, {http.MethodPut, "/api/v1/tokens/" + one.ID}, {http.MethodPost, "/api/v1/tokens/lookup"},
	} {
		d.want(http.StatusRequestEntityTooLarge, "admin", request[0], request[1], large)
	}
}

// Attack: a secret is put where the gateway writes things down: the path of a deletion, right and wrong, and the fields of
// a body. Fix: the path is taken apart before anything is asked or recorded, and refusals repeat nothing. Invariant: no
// secret is in an answer but that of a creation, nor in the audit trail.
func TestSecretsStayOut(t *testing.T) {
	d := newDesk(t)
	one, two := d.create("admin", `{"name":"a","scopes":["logs.ingest"]}`), d.create("admin", `{"name":"b","scopes":["logs.ingest"]}`)
	_, hidden, _ := strings.Cut(strings.TrimPrefix(one.Token, "dt0c01."), ".")
	wrong := two.ID + "." + hidden
	quoted := func(format string) string { return fmt.Sprintf(format, one.Token) }
	for _, request := range [][3]string{
		{http.MethodDelete, tokensPath + "/" + wrong}, {http.MethodDelete, tokensPath + "/" + one.Token}, {http.MethodDelete, tokensPath + "/" + one.Token},
		{http.MethodGet, tokensPath + "/" + one.Token}, {http.MethodPut, tokensPath + "/" + one.Token, `{"name":"x"}`},
		{http.MethodGet, "/api/v1/tokens/" + one.Token}, {http.MethodDelete, "/api/v1/tokens/" + wrong},
		{http.MethodPost, tokensPath, quoted(`{"name":%q,"scopes":["logs.ingest"]}`)},
		{http.MethodPost, tokensPath, quoted(`{"name":"x","scopes":[%q]}`)},
		{http.MethodPost, tokensPath, quoted(`{"name":"x","scopes":["logs.ingest"],"expirationDate":%q}`)},
		{http.MethodPost, tokensPath, quoted(`{"name":"x","scopes":["logs.ingest"],"allowedNetworks":[%q]}`)},
		{http.MethodPost, tokensPath, quoted(`{%[1]q:1,%[1]q:2}`)},
		{http.MethodPut, tokensPath + "/" + two.ID, quoted(`{"name":%q}`)},
		{http.MethodPut, tokensPath + "/" + two.ID, quoted(`{"enabled":%q}`)},
		{http.MethodGet, tokensPath + "?sort=" + one.Token + "&fields=" + one.Token + "&pageSize=" + one.Token + "&from=" + one.Token},
		{http.MethodGet, tokensPath + "?apiTokenSelector=" + one.Token},
		{http.MethodGet, tokensPath + "?nextPageKey=" + one.Token},
		{http.MethodGet, "/api/v1/tokens?permissions=" + one.Token + "&limit=" + one.Token},
	} {
		w := d.call("admin", request[0], request[1], request[2])
		if strings.Contains(w.Body.String(), hidden) || strings.Contains(fmt.Sprint(w.Header()), hidden) {
			t.Errorf("%s %s: the answer repeats the secret", request[0], tokens.Mask(request[1]))
		}
		if w.Code >= 500 {
			t.Errorf("%s %s: %d", request[0], tokens.Mask(request[1]), w.Code)
		}
	}
	d.noSecrets(one.Token, two.Token, wrong)
}

// A store that is away is 503, not an empty listing or a token that does not exist.
func TestStoreAway(t *testing.T) {
	d := newDesk(t)
	d.store.Before = func(context.Context, string) error { return errors.New("connection refused by 10.1.2.3") }
	id := d.callers["clerk"].TokenID
	for _, request := range [][3]string{
		{http.MethodGet, tokensPath}, {http.MethodGet, tokensPath + "/" + id}, {http.MethodDelete, tokensPath + "/" + id},
		{http.MethodPut, tokensPath + "/" + id, `{"name":"x"}`}, {http.MethodPost, tokensPath, `{"name":"x","scopes":["logs.ingest"]}`},
		{http.MethodPost, tokensPath + "/lookup", `{"token":"` + secretOf("clerk") + `"}`},
		{http.MethodGet, "/api/v1/tokens"}, {http.MethodGet, "/api/v1/tokens/" + id},
	} {
		if answer := d.want(http.StatusServiceUnavailable, "admin", request[0], request[1], request[2]); strings.Contains(answer, "10.1.2.3") {
			t.Errorf("%s %s tells what only the operator may know: %s", request[0], request[1], answer)
		}
	}
}

// stubs is a listing of v1.
type stubs struct{ Values []struct{ ID, Name string } }

// TestStubsAcrossPages: a listing of v1 goes on over the pages of the store, none of which is larger than a page, up to
// the limit and no further.
func TestStubsAcrossPages(t *testing.T) {
	d := newDesk(t)
	d.stock(0, 2500, func(n int) int { return n - 1 })
	pages := 0
	d.store.Before = func(_ context.Context, method string) error {
		if method == "Tokens" {
			pages++
		}
		return nil
	}
	for query, want := range map[string]int{"": 1000, "?limit=1": 1, "?limit=2100": 2100, "?limit=1000000": 2504, "?limit=1000000&permissions=apiTokens.read": 4} {
		var got stubs
		if err := json.Unmarshal([]byte(d.want(http.StatusOK, "admin", http.MethodGet, "/api/v1/tokens"+query, "")), &got); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, one := range got.Values {
			ids[one.ID] = true
		}
		if len(got.Values) != want || len(ids) != want {
			t.Errorf("%q: %d tokens, %d of them different; want %d", query, len(got.Values), len(ids), want)
		}
	}
	pages = 0
	if d.want(http.StatusOK, "admin", http.MethodGet, "/api/v1/tokens?limit=10", ""); pages != 1 {
		t.Errorf("%d pages were read for ten tokens", pages)
	}
}

// TestStubsCutShort: when the store fails in the middle of a listing, the connection ends before the listing does, so that
// a part of it does not pass for the whole.
func TestStubsCutShort(t *testing.T) {
	d := newDesk(t)
	d.stock(0, 2500, func(n int) int { return n - 1 })
	reads := 0
	d.store.Before = func(_ context.Context, method string) error {
		if reads++; method == "Tokens" && reads == 2 {
			return errors.New("away")
		}
		return nil
	}
	w := httptest.NewRecorder()
	defer func() {
		if got := recover(); !errors.Is(got.(error), http.ErrAbortHandler) {
			t.Errorf("ended with %v", got)
		}
		if json.Valid(w.Body.Bytes()) || w.Body.Len() == 0 {
			t.Errorf("%d bytes that read as a whole listing", w.Body.Len())
		}
	}()
	r := httptest.NewRequest(http.MethodGet, "/api/v1/tokens?limit=2500", http.NoBody)
	r.Header.Set("Caller", "admin")
	d.mux.ServeHTTP(w, r)
}

// TestPersonalOptionsOfCreation: of what the API lets a client say, nothing reaches the parts of a token that only the
// command line decides.
func TestPersonalOptionsOfCreation(t *testing.T) {
	d := newDesk(t)
	one := d.create("admin", `{"name":"a","scopes":["logs.ingest"],"administrator":true,"cluster":true,"environment":"elsewhere","owner":"eve","id":"dt0c01.X","legacy":true}`)
	got, err := d.store.Token(t.Context(), one.ID)
	if err != nil {
		t.Fatal(err)
	}
	got.Digest = tokens.Digest{}
	want := tokens.Record{ID: one.ID, Name: "a", Environment: "prod", Enabled: true, Scopes: []string{"logs.ingest"}, Created: start}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}
