package papapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/doorward/doorward/policyengine/ast"
)

// FuzzPutBinding: whatever is asked of a binding, and with whatever body, it grants what its policy says and nothing else,
// and the answer is never a defect.
func FuzzPutBinding(f *testing.F) {
	for _, seed := range [][2]string{
		{"", `{}`}, {"parameters[team]=it", `{"boundaries":[]}`}, {"parameters%5Bteam%5D=it&metadata[a]=b", `{"parameters":{"team":"x"}}`},
		{"parameters[]=x", `{"metadata":null}`}, {"parameters[team]=it&parameters[team]=x", `null`}, {"%zz", `[]`},
		{"parameters[[team]]=it;x", `{"parameters":{"team":"\"; ALLOW settings:objects:write; //"},"shadow":false}`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		d := newDesk(t)
		group, policy := d.group("IT"), d.policy("by team", byTeam)
		pair := "/iam/v1/repo/account/" + account + "/bindings/" + policy + "/" + group
		d.want(http.StatusNoContent, http.MethodPost, pair, `{"parameters":{"team":"it"}}`)
		r := httptest.NewRequest(http.MethodPut, pair, strings.NewReader(body))
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		d.mux.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%q %q: %d %s", query, body, w.Code, w.Body)
		}
		if _, err := url.ParseQuery(query); err != nil && w.Code == http.StatusNoContent {
			t.Errorf("%q was taken", query)
		}
		bound, err := d.Statements(t.Context(), []string{group}, account, environment)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range bound {
			if s.Effect != ast.Allow || s.Permission != "settings:objects:read" || len(s.Conditions) != 1 {
				t.Errorf("%q %q: %v", query, body, s)
			}
		}
	})
}
