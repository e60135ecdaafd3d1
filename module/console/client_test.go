package console_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/console"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/tokens"
)

// called is an API that answers everything alike, and the last request that it got.
type called struct {
	status int
	body   string
	got    *http.Request
}

func (c *called) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.got = r
	w.Header().Set("Retry-After", "7")
	w.Header().Set("X-Doorward-Decision-Id", "D1")
	w.WriteHeader(c.status)
	_, _ = w.Write([]byte(c.body))
}

func (c *called) client(t *testing.T) *console.Client {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://console.test/tokens?x=y", strings.NewReader("form_token=f"))
	r.RemoteAddr = "192.0.2.7:1234"
	for name, value := range map[string]string{
		"Cookie": "__Host-doorward=secret", "Authorization": "Bearer of-the-browser", "X-Forwarded-For": "198.51.100.1", "X-Http-Method-Override": "DELETE",
		"X-Doorward-User": "root", "Range": "bytes=0-1", "If-None-Match": "*", "Content-Type": "application/x-www-form-urlencoded",
	} {
		r.Header.Set(name, value)
	}
	return console.NewClient(c, r, &session.Credential{Scheme: "Api-Token", Text: tokens.NewSecret("dt0c01.A.B")})
}

// Attack: a browser has headers sent along with the console's requests to the API, or has them sent to another path. Fix: the
// request is a new one. Invariant: it has the session's credential, the person's address and host, and nothing else of theirs.
func TestRequestsToTheAPI(t *testing.T) {
	api := &called{status: 200, body: `{"a":1}`}
	var answer struct{ A int }
	if err := api.client(t).Call(http.MethodPut, "/api/v2/apiTokens/a%2Fb?x=1", map[string]string{"name": "n"}, &answer); err != nil || answer.A != 1 {
		t.Fatalf("%+v, %v", answer, err)
	}
	want := http.Header{
		"Accept": {"application/json"}, "User-Agent": {"Doorward-Console"}, "Content-Type": {"application/json"},
		"Authorization": {"Api-Token dt0c01.A.B"}, "X-Forwarded-For": {"198.51.100.1"},
	}
	if diff := cmp.Diff(want, api.got.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if got := api.got.Method + " " + api.got.Host + " " + api.got.URL.EscapedPath() + " " + api.got.URL.RawQuery + " " + api.got.RemoteAddr; got != "PUT console.test /api/v2/apiTokens/a%2Fb x=1 192.0.2.7:1234" {
		t.Error(got)
	}
	for _, target := range []string{"", "api", "http://other.test/api", "//other.test/api", "*"} {
		if err := api.client(t).Call(http.MethodGet, target, nil, nil); err == nil {
			t.Errorf("%q is taken for a path", target)
		}
	}
}

// Every form in which Doorward's APIs write errors reads as one.
func TestRefusalForms(t *testing.T) {
	for name, test := range map[string]struct {
		body    string
		message string
		places  string
	}{
		"catalogue":  {`{"error":{"code":400,"message":"Constraints violated.","constraintViolations":[{"path":"name","message":"Too long."}]}}`, "Constraints violated.", "name: Too long.;"},
		"policies":   {`{"error":{"code":400,"message":"The policy is not valid.","errorsMap":{"2:1":"no such service","1:7":"expected a permission"}}}`, "The policy is not valid.", "1:7: expected a permission;2:1: no such service;"},
		"platform":   {`{"error":{"code":400,"message":"No.","details":{"constraintViolations":[{"path":"a","message":"b"}]}}}`, "No.", "a: b;"},
		"account":    {`{"error":true,"message":"There is no such group.","payload":null}`, "There is no such group.", ""},
		"problem":    {`{"type":"urn:x","title":"Bad Request","status":400,"detail":"It is wrong.","errors":[{"path":"a","message":"b"}]}`, "It is wrong.", "a: b;"},
		"oauth":      {`{"error":"invalid_client","error_description":"There is no such client."}`, "There is no such client.", ""},
		"oauth word": {`{"error":"invalid_client"}`, "invalid_client", ""},
		"none":       {``, "Bad Request", ""},
		"HTML":       {`<html>`, "Bad Request", ""},
		"list":       {`[1]`, "Bad Request", ""},
	} {
		api := &called{status: 400, body: test.body}
		err := api.client(t).Get("/x", nil, nil)
		r, ok := errors.AsType[*console.Refusal](err)
		if !ok {
			t.Fatalf("%s: %v", name, err)
		}
		places := ""
		for _, v := range r.Violations {
			places += v.Path + ": " + v.Message + ";"
		}
		if r.Status != 400 || r.Message != test.message || places != test.places || r.RetryAfter != "7" || r.Decision != "D1" {
			t.Errorf("%s: %+v", name, *r)
		}
	}
	if status, body, err := (&called{status: 418, body: "x"}).client(t).Raw(http.MethodGet, "/x"); status != 418 || string(body) != "x" || err != nil {
		t.Errorf("as it came: %d %s %v", status, body, err)
	}
}
