package policytest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// row is an endpoint of the catalogue that is written for the corpus: a permission, and where each attribute stands. Two
// requests about one permission share a row if their attributes have the same shapes.
type row struct {
	permission string
	attributes []fact // without values
}

// path is where the row is, from its place in the catalogue.
func (r row) path(index int) string { return fmt.Sprintf("/ask/%d", index) }

// place is where an attribute stands. Query parameters and headers take turns.
func place(index int) (kind, name string) {
	if index%2 == 0 {
		return "query", fmt.Sprintf("q%d", index)
	}
	return "header", fmt.Sprintf("X-Fact-%d", index)
}

func (r row) yaml(index int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  - endpoint: POST %s\n    scopes: [policytest.read]\n    permission: %s\n", r.path(index), r.permission)
	if len(r.attributes) > 0 {
		b.WriteString("    attributes:\n")
	}
	for i, a := range r.attributes {
		kind, name := place(i)
		multi := ""
		if a.list {
			multi = ", multi: list"
		}
		fmt.Fprintf(&b, "      %s: { %s: %s%s }\n", a.name, kind, name, multi)
	}
	return b.String()
}

// request says the facts over HTTP: the query and the header of a request for the row. What is unknown is left out.
func request(facts []fact) (url.Values, http.Header) {
	query, header := url.Values{}, http.Header{}
	for i, f := range facts {
		switch kind, name := place(i); {
		case !f.known:
		case kind == "query":
			query[name] = f.values
		default:
			header[name] = f.values
		}
	}
	return query, header
}

// writeCatalog writes a catalogue of the rows and gives its path.
func writeCatalog(t *testing.T, rows []row) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("catalog: corpus\nscopes: [{ value: policytest.read, personal: true }]\nendpoints:\n")
	for i, r := range rows {
		b.WriteString(r.yaml(i))
	}
	path := filepath.Join(t.TempDir(), "corpus.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
