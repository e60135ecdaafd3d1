package auditapi_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
)

// answer is a page as a client reads it.
type answer struct {
	TotalCount  int
	NextPageKey *string
	AuditLogs   []struct{ LogID, EnvironmentID string }
}

func read(t interface{ Fatalf(string, ...any) }, w *httptest.ResponseRecorder) answer {
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return a
}

// TestPaging walks through the trail in both orders and with filters while it grows: what was there when the walk began is
// seen once each, and nothing else is.
func TestPaging(t *testing.T) {
	filters := map[string]func(audit.Event) bool{
		``:                                   func(audit.Event) bool { return true },
		`user("a","b")`:                      func(e audit.Event) bool { return e.Actor != "c" },
		`eventType("CREATE")`:                func(e audit.Event) bool { return e.Type() == "CREATE" },
		`entityId("TOKEN: 1","2"),user("c")`: func(e audit.Event) bool { return e.Actor == "c" && strings.ContainsAny(e.Object, "12") },
	}
	texts := []string{}
	for text := range filters {
		texts = append(texts, text)
	}
	slices.Sort(texts)
	event := rapid.Custom(func(t *rapid.T) audit.Event {
		return audit.Event{
			Environment: rapid.SampledFrom([]string{"prod", "test", ""}).Draw(t, "environment"), Actor: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "actor"),
			Action: rapid.SampledFrom([]string{"token.create", "token.delete"}).Draw(t, "action"), Object: strconv.Itoa(rapid.IntRange(0, 30).Draw(t, "object")),
			Time: now.Add(-time.Second),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		s := &trail{}
		s.add(rapid.SliceOfN(event, 0, 40).Draw(t, "events")...)
		filter := rapid.SampledFrom(texts).Draw(t, "filter")
		sort := rapid.SampledFrom([]string{"timestamp", "-timestamp"}).Draw(t, "sort")
		var want, got []string
		for _, e := range s.events {
			if e.Environment != "test" && filters[filter](e) {
				want = append(want, strconv.FormatInt(e.ID, 10))
			}
		}
		if sort == "-timestamp" {
			slices.Reverse(want)
		}
		query := url.Values{"filter": {filter}, "sort": {sort}, "pageSize": {strconv.Itoa(rapid.IntRange(1, 7).Draw(t, "size"))}}
		for {
			page := read(t, ask(s, "prod", "/api/v2/auditlogs?"+query.Encode()))
			for _, e := range page.AuditLogs {
				got = append(got, e.LogID)
			}
			if page.TotalCount != len(want) {
				t.Fatalf("total %d of %d", page.TotalCount, len(want))
			}
			if page.NextPageKey == nil {
				break
			}
			query = url.Values{"nextPageKey": {*page.NextPageKey}}
			late := event.Draw(t, "late")
			late.Time = now.Add(time.Second)
			s.add(late)
		}
		if diff := cmp.Diff(want, got); diff != "" || s.counts > 1 {
			t.Fatalf("%d counts (-want +got):\n%s", s.counts, diff)
		}
	})
}

// Attack: the page key is taken from an answer in one environment, or made up, and used in another one. Fix: it does not
// say which environment it is for; that is always the caller's. Invariant: no entry of another environment in any answer.
func TestKeyOfAnotherEnvironment(t *testing.T) {
	s := &trail{}
	s.add(history()...)
	first := read(t, ask(s, "prod", "/api/v2/auditlogs?pageSize=1"))
	if first.NextPageKey == nil {
		t.Fatal("one page only")
	}
	second := read(t, ask(s, "test", "/api/v2/auditlogs?nextPageKey="+*first.NextPageKey))
	for _, e := range second.AuditLogs {
		if e.EnvironmentID != "test" && e.EnvironmentID != "" {
			t.Errorf("entry %+v", e)
		}
	}
}

// Attack: a call that is for no environment, which in a query means all of them. Fix: such a call is refused before the
// store is asked. Invariant: nobody reads the trail of all environments.
func TestNoEnvironment(t *testing.T) {
	s := &trail{}
	s.add(history()...)
	for _, uri := range []string{"/api/v2/auditlogs", "/api/v2/auditlogs/1", "/api/v2/auditlogs/4"} {
		if w := ask(s, "", uri); w.Code != http.StatusForbidden || s.reads != 0 {
			t.Errorf("%s: %d after %d reads", uri, w.Code, s.reads)
		}
	}
}

// Attack: the page key is opaque to clients, not secret: it is changed to get at more, or to make the gateway fail. Fix: it
// is checked like the query that it stands for. Invariant: a key that was not given out is 400, never 500, and asks the
// store for nothing.
func TestMadeUpKeys(t *testing.T) {
	const good = `{"l":"auditlogs","q":"user(\"alice@example.com\")","from":0,"to":4000000000000,"n":10,"t":3,"a":11}`
	for name, change := range map[string][2]string{
		"of another listing":     {"auditlogs", "apiTokens"},
		"without a filter's end": {`\")`, ``},
		"unknown criterion":      {"user", "owner"},
		"empty pages":            {`"n":10`, `"n":0`},
		"huge pages":             {`"n":10`, `"n":5001`},
		"negative total":         {`"t":3`, `"t":-3`},
		"no place":               {`"a":11`, `"a":0`},
		"place before all":       {`"a":11`, `"a":-11`},
		"place out of range":     {`"a":11`, `"a":1e30`},
		"backwards":              {`"from":0`, `"from":4000000000001`},
		"time out of range":      {`"to":4000000000000`, `"to":9000000000000000`},
		"before time":            {`"from":0`, `"from":-90000000000000`},
		"a text for a number":    {`"t":3`, `"t":"3"`},
	} {
		s := &trail{}
		s.add(history()...)
		text := strings.Replace(good, change[0], change[1], 1)
		if w := ask(s, "prod", "/api/v2/auditlogs?nextPageKey="+base64.RawURLEncoding.EncodeToString([]byte(text))); w.Code != 400 || s.reads != 0 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	s := &trail{}
	s.add(history()...)
	w := ask(s, "prod", "/api/v2/auditlogs?nextPageKey="+base64.RawURLEncoding.EncodeToString([]byte(good)))
	if page := read(t, w); len(page.AuditLogs) != 2 || page.TotalCount != 3 {
		t.Errorf("the key that the others are made of: %+v", page)
	}
}

func TestSettingsSelectNothing(t *testing.T) {
	for _, name := range []string{"schema_id", "scope_id", "key", "object_id"} {
		s := &trail{}
		s.add(history()...)
		page := read(t, ask(s, "prod", "/api/v2/auditlogs?filter="+url.QueryEscape(`dt.settings.`+name+`("x")`)))
		if page.TotalCount != 0 || len(page.AuditLogs) != 0 || page.NextPageKey != nil || s.reads != 0 {
			t.Errorf("%s: %+v after %d reads", name, page, s.reads)
		}
	}
}

func TestStoreFails(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		status int
	}{
		"with an error": {errors.New("dial 192.0.2.1: refused"), 503},
		"with a fault":  {fault.New(fault.Unavailable, "The store did not answer.", errors.New("192.0.2.1")), 503},
		"with a defect": {fmt.Errorf("x: %w", fault.New(fault.Internal, "Broken.", errors.New("192.0.2.1"))), 500},
	} {
		for _, uri := range []string{"/api/v2/auditlogs", "/api/v2/auditlogs/1"} {
			w := ask(&trail{fail: test.err}, "prod", uri)
			if w.Code != test.status || strings.Contains(w.Body.String(), "192.0.2.1") {
				t.Errorf("%s, %s: %d %s", name, uri, w.Code, w.Body)
			}
		}
	}
}

// FuzzList: no query makes the listing panic or fail for good, and no answer has an entry of another environment.
func FuzzList(f *testing.F) {
	for _, seed := range []string{
		"", "pageSize=1", "filter=user(%22a%22)", "filter=entityId(%22TOKEN:%20%22)", "sort=-timestamp&from=now-1y&to=now/d", "nextPageKey=e30", "filter=%00", "%zz", "a;b",
		"nextPageKey=" + base64.RawURLEncoding.EncodeToString([]byte(`{"l":"auditlogs","from":0,"to":4000000000000,"n":1,"t":3,"a":11}`)),
	} {
		f.Add(seed)
	}
	s := &trail{}
	s.add(history()...)
	f.Fuzz(func(t *testing.T, query string) {
		w := ask(s, "prod", "/api/v2/auditlogs?"+query)
		if w.Code != 200 && w.Code != 400 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), `"environmentId":"test"`) {
			t.Fatalf("%s", w.Body)
		}
	})
}
