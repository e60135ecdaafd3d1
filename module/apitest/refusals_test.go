package apitest_test

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	_ "modernc.org/sqlite" // to break the store with

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/remote"
)

// eachGuarded runs through the operations that ask for a credential. What their paths name can be in the account, and is not.
func (s *stage) eachGuarded(do func(r request, o *openapi3.Operation)) {
	s.t.Helper()
	for path, item := range s.seen.document.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.Security != nil && len(*operation.Security) == 0 {
				continue
			}
			r := request{method: method, target: s.somewhere(path), header: http.Header{}}
			if operation.RequestBody != nil {
				r.body = "{}"
			}
			do(r, operation)
		}
	}
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

const nothing = "11111111-1111-4111-8111-111111111111" // is the identifier of nothing

// somewhere fills a path.
func (s *stage) somewhere(path string) string {
	return pathParameter.ReplaceAllStringFunc(path, func(name string) string {
		switch name {
		case "{levelType}":
			return "account"
		case "{levelId}", "{accountId}", "{accountUuid}":
			return s.office.Account
		case "{policyUuid}", "{groupUuid}", "{policyBoundaryUuid}":
			return nothing
		case "{userUuid}":
			return s.values["robot"]
		case "{email}":
			return "nobody@example.com"
		}
		return "1"
	})
}

// holder names the token that may do everything that an operation asks for.
func holder(o *openapi3.Operation) string {
	if slices.Contains(o.Tags, "Remote access (staff)") {
		return "STAFF" // nobody else is taken there
	}
	if o.Extensions["x-token-scopes"] == nil && o.Extensions["x-oauth-scopes"] != nil {
		return "BEARER" // others are not taken there
	}
	return "ALL"
}

// mintForAll makes the tokens of holder, and a service user, of whom some operations ask first whether there is one.
func (s *stage) mintForAll() {
	s.t.Helper()
	s.mint("ALL", []string{
		"apiTokens.read", "apiTokens.write", "TenantTokenManagement", "activeGateTokenManagement.read", "activeGateTokenManagement.write",
		"auditLogs.read", "settings.read", "settings.write", "tenantTokenRotation.write", "InstallerDownload", "ServiceProviderAPI",
		"cluster", "administrator",
	})
	s.mint("BEARER", []string{
		"iam-policies-management", "account-idm-read", "account-idm-write", "account-env-read", "app-engine:apps:run", "kind=dt0s16",
	})
	s.mint("STAFF", []string{"metrics.read", "staff", "owner=john.smith@example.com"})
	robot, err := s.office.Policies.CreateServiceUser(s.t.Context(), "cli:test", s.office.Account, "robot", "")
	s.must(err)
	s.values["robot"] = robot.ID
}

// refuseEverything brings about the refusals that every operation has in common, in both forms of an error.
func refuseEverything(t *testing.T, protocol string, seen *sightings) {
	s := openStage(t, "", protocol, seen)
	s.mintForAll()
	s.openRemoteAccess()
	s.mint("NONE", []string{"metrics.ingest"})
	s.mint("MINE", []string{"metrics.read", "personal"}) // switched off until a test switches personal tokens on
	s.must(s.office.Tokens.SetPersonalTokens(t.Context(), "cli:test", s.office.Environment, true))
	s.mustSoon("MINE")
	for _, host := range []string{"", "problem.test"} {
		s.eachGuarded(func(r request, o *openapi3.Operation) { s.refuse(host, r, o) })
	}
	s.checkNoSecrets()
}

// openRemoteAccess lets staff ask for access, without which nothing that they send is looked at.
func (s *stage) openRemoteAccess() {
	s.t.Helper()
	_, err := s.office.Remote.SetSetting(s.t.Context(), remote.Actor{Name: "cli:test"}, func(remote.Setting) remote.Setting { return remote.Approved })
	s.must(err)
	s.send(request{
		method: http.MethodGet, target: "/api/doorward/v1/remoteAccess/ownRequests", status: http.StatusOK, soon: true,
		header: http.Header{"Authorization": {s.authorization("STAFF")}},
	})
}

// refuse spoils a request in every way.
func (s *stage) refuse(host string, r request, o *openapi3.Operation) {
	s.t.Helper()
	refused := func(status int, change func(r *request)) {
		s.t.Helper()
		bad := r
		bad.header, bad.status = r.header.Clone(), status
		bad.header["Authorization"] = []string{s.authorization(holder(o))}
		change(&bad)
		s.exchangeAt(host, bad)
	}
	refused(401, func(r *request) { delete(r.header, "Authorization") })
	refused(401, func(r *request) { r.header["Authorization"] = []string{s.authorization(holder(o)) + "A"} })
	refused(400, func(r *request) { r.header.Add("Authorization", s.authorization("NONE")) })
	refused(403, func(r *request) {
		r.header["Authorization"] = []string{s.authorization("NONE")}
		if strings.HasSuffix(r.target, "/lookup") { // which is for any token but a personal one
			r.header["Authorization"] = []string{s.authorization("MINE")}
		}
	})
	if isAdministration(r.target) && o.Responses.Value("404") != nil {
		refused(404, func(r *request) { s.lose(r, o) })
	}
	if o.RequestBody == nil {
		return
	}
	refused(413, func(r *request) { r.body = `{"name":"` + strings.Repeat("x", rest.MaxBody) + `"}` })
	if o.Responses.Value("415") != nil {
		refused(415, func(r *request) { r.header.Set("Content-Type", "application/xml") })
	}
	for _, body := range spoilt(o) {
		refused(400, func(r *request) { r.body = body })
	}
}

// isAdministration is true of what is about accounts, and what is in them.
func isAdministration(target string) bool {
	return strings.HasPrefix(target, "/iam/") || strings.HasPrefix(target, "/repo/")
}

// lose makes of a request one about what is not there, with a body that would do.
func (s *stage) lose(r *request, o *openapi3.Operation) {
	s.t.Helper()
	r.target = strings.Replace(r.target, "/account/"+s.office.Account+"/", "/global/elsewhere/", 1)
	r.target = strings.Replace(r.target, s.values["robot"], nothing, 1)
	if strings.HasSuffix(r.target, "/permissions") && o.RequestBody == nil {
		r.target += "?permission-name=tenant-viewer&scope=default&scope-type=tenant"
	}
	if strings.HasSuffix(r.target, "@example.com/groups") && o.RequestBody == nil {
		r.target += "?group-uuid=" + nothing
	}
	if strings.Contains(r.target, "/boundaries") { // which are found in accounts alone
		r.target = strings.Replace(r.target, "/global/elsewhere/", "/account/"+s.office.Account+"/", 1)
	}
	if o.RequestBody != nil {
		text, err := json.Marshal(o.RequestBody.Value.Content.Get("application/json").Example)
		s.must(err)
		r.body = string(text)
	}
}

// spoilt are bodies that an operation cannot take.
func spoilt(o *openapi3.Operation) []string {
	schema := o.RequestBody.Value.Content.Get("application/json").Schema.Value
	all := []string{"null", `{"name":`, `{"a":1,"a":1}`}
	if o.RequestBody.Value.Required {
		all = append(all, "")
	}
	list := schema.Type.Is("array")
	if !list {
		all = append(all, "[]")
	}
	if list || schema.Properties["name"] != nil {
		all = append(all, `{"name":1}`)
	}
	return all
}

// refuseForms brings about the refusals of the operations that take forms, where clients authenticate themselves.
func refuseForms(t *testing.T, protocol string, seen *sightings) {
	s := openStage(t, "", protocol, seen)
	s.mint("ADMIN", []string{"ServiceProviderAPI", "cluster", "administrator"})
	client := s.newClientOf("alice@example.com", "account-idm-read")
	right := "client_id=" + client.ClientID + "&client_secret=" + client.ClientSecret
	wrong := "client_id=" + client.ClientID + "&client_secret=" + client.ClientID + ".AAAA"
	each := func(status int, body string, change func(r *request)) {
		t.Helper()
		for path, item := range s.seen.document.Paths.Map() {
			if item.Post == nil || item.Post.RequestBody == nil || item.Post.RequestBody.Value.Content[form] == nil {
				continue
			}
			r := request{method: http.MethodPost, target: path, body: body, status: status, header: http.Header{"Content-Type": {form}}}
			change(&r)
			s.exchange(r)
		}
	}
	same := func(*request) {}
	each(400, right, same)
	each(400, right+"&token=a&token=b&grant_type=a&grant_type=b", same)
	each(400, right, func(r *request) { r.header.Set("Content-Type", "application/json") })
	each(400, "", func(r *request) { r.target += "?" + wrong })
	each(413, right+"&token="+strings.Repeat("x", 64<<10), same)
	each(401, wrong, same)
	each(401, "", same)
	// Attack: secrets are guessed. Invariant: after a number of failures the client has to wait, with the right one as well.
	each(429, wrong, func(r *request) { r.soon = true })
	s.checkNoSecrets()
}

const form = "application/x-www-form-urlencoded"

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
	s.mintForAll()
	db, err := sql.Open("sqlite", filepath.Join(s.Folder, "doorward.db"))
	s.must(err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "ALTER TABLE tokens RENAME TO away")
	s.must(err)
	s.eachGuarded(func(r request, o *openapi3.Operation) {
		r.status = 503
		r.header["Authorization"] = []string{s.authorization(holder(o))}
		r.expected = http.Header{"Retry-After": {"5"}}
		s.exchange(r)
	})
	s.checkNoSecrets()
}
