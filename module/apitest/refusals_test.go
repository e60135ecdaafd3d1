package apitest_test

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to break the store with

	"github.com/doorward/doorward/internal/rest"
)

// eachGuarded runs through the operations that ask for a credential.
func (s *stage) eachGuarded(do func(r request)) {
	for path, item := range s.seen.document.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.Security != nil && len(*operation.Security) == 0 {
				continue
			}
			r := request{method: method, target: pathParameter.ReplaceAllString(path, "1"), header: http.Header{}}
			if operation.RequestBody != nil {
				r.body = "{}"
			}
			do(r)
		}
	}
}

var pathParameter = regexp.MustCompile(`\{\w+\}`)

// refuseEverything brings about the refusals that every operation has in common, in both forms of an error.
func refuseEverything(t *testing.T, protocol string, seen *sightings) {
	s := openStage(t, "", protocol, seen)
	s.mint("ALL", []string{
		"apiTokens.read", "apiTokens.write", "TenantTokenManagement", "activeGateTokenManagement.read", "activeGateTokenManagement.write",
		"auditLogs.read", "settings.read", "settings.write", "tenantTokenRotation.write", "InstallerDownload", "administrator",
	})
	s.mint("NONE", []string{"metrics.ingest"})
	s.mint("MINE", []string{"metrics.read", "personal"}) // switched off until a test switches personal tokens on
	s.must(s.office.Tokens.SetPersonalTokens(t.Context(), "cli:test", s.office.Environment, true))
	s.mustSoon("MINE")
	for _, host := range []string{"", "problem.test"} {
		s.eachGuarded(func(r request) {
			refuse := func(status int, change func(r *request)) {
				t.Helper()
				bad := r
				bad.header, bad.status = r.header.Clone(), status
				bad.header["Authorization"] = []string{s.authorization("ALL")}
				change(&bad)
				s.exchangeAt(host, bad)
			}
			refuse(401, func(r *request) { delete(r.header, "Authorization") })
			refuse(401, func(r *request) { r.header["Authorization"] = []string{s.authorization("ALL") + "A"} })
			refuse(400, func(r *request) { r.header.Add("Authorization", s.authorization("NONE")) })
			refuse(403, func(r *request) {
				r.header["Authorization"] = []string{s.authorization("NONE")}
				if strings.HasSuffix(r.target, "/lookup") { // which is for any token but a personal one
					r.header["Authorization"] = []string{s.authorization("MINE")}
				}
			})
			if r.body == "" {
				return
			}
			refuse(413, func(r *request) { r.body = `{"name":"` + strings.Repeat("x", rest.MaxBody) + `"}` })
			refuse(415, func(r *request) { r.header.Set("Content-Type", "application/xml") })
			for _, body := range []string{"", "null", "[]", `{"name":1}`, `{"name":`, `{"a":1,"a":1}`} {
				if strings.HasPrefix(body, `{"name":1`) && (strings.HasSuffix(r.target, "/lookup") || strings.HasSuffix(r.target, "Settings")) {
					continue // which do not know that member
				}
				refuse(400, func(r *request) { r.body = body })
			}
		})
	}
	s.checkNoSecrets()
}

// mustSoon waits until the gate takes a personal token, of which it hears from the store.
func (s *stage) mustSoon(name string) {
	s.t.Helper()
	got := s.send(request{
		method: http.MethodPost, target: "/api/v2/apiTokens/lookup", body: "{}", status: http.StatusForbidden, soon: true,
		header: http.Header{"Authorization": {s.authorization(name)}},
	})
	if got.status != http.StatusForbidden {
		s.t.Fatalf("%s: %d %s", name, got.status, got.body)
	}
}

// exchangeAt is exchange at another host, whose answers the document describes as well.
func (s *stage) exchangeAt(host string, r request) {
	s.t.Helper()
	sent := r
	sent.header = r.header.Clone()
	if host != "" {
		sent.header.Set("Host", host)
	}
	got := s.send(sent)
	if got.status != r.status {
		s.t.Errorf("%s %s %s: %d %s, want %d", host, r.method, r.target, got.status, s.masked(got.body), r.status)
		return
	}
	if problem := strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json"); problem != (host == "problem.test") {
		s.t.Errorf("%s %s %s: %d is %s", host, r.method, r.target, r.status, got.header.Get("Content-Type"))
	}
	s.holdAgainstDocument(r, got)
}

// loseStore takes the tables of the tokens away. Who cannot be recognised is not let in, and told to try again.
func loseStore(t *testing.T, protocol string, seen *sightings) {
	s := openStage(t, "", protocol, seen)
	s.mint("ALL", []string{"apiTokens.read"})
	db, err := sql.Open("sqlite", filepath.Join(s.Folder, "doorward.db"))
	s.must(err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "ALTER TABLE tokens RENAME TO away")
	s.must(err)
	s.eachGuarded(func(r request) {
		r.status = 503
		r.header["Authorization"] = []string{s.authorization("ALL")}
		r.expected = http.Header{"Retry-After": {"5"}}
		s.exchange(r)
	})
	s.checkNoSecrets()
}
