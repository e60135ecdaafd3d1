package openapi_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/module/openapi"
	"github.com/doorward/doorward/tokens"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// TestDocument: the document is what it says it is, and its examples are what its schemas say.
func TestDocument(t *testing.T) {
	document := load(t)
	if document.OpenAPI != "3.1.0" {
		t.Errorf("version %s", document.OpenAPI)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if masked := tokens.Mask(string(openapi.Document)); masked != string(openapi.Document) {
		t.Error("an example looks like a secret")
	}
}

// asked is what a row of the catalogue asks for, in the document's words.
type asked struct {
	Scopes, OAuthScopes []string
	Personal            any // true, false, or nil where nothing is stated
	Deprecated, Public  bool
}

// TestDocumentIsTheCatalogue: every row of the catalogue is described and every operation has a row, and both ask for the
// same. That the rows are what is served is checked whenever a gateway starts.
func TestDocumentIsTheCatalogue(t *testing.T) {
	catalog, err := endpoint.Embedded(endpoint.Own)
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string]asked{}, map[string]asked{}
	for _, row := range catalog.Endpoints {
		a := asked{Scopes: row.Scopes, OAuthScopes: row.OAuthScopes, Public: row.Public}
		switch row.Personal {
		case endpoint.Yes:
			a.Personal = true
		case endpoint.No:
			a.Personal = false
		}
		// The catalogue calls v2 deprecated too, as its authors do. Here it is not: nothing takes its place.
		a.Deprecated = strings.HasPrefix(row.Template, "/api/v1/tokens")
		want[row.Method+" "+row.Template] = a
	}
	for path, item := range load(t).Paths.Map() {
		for method, o := range item.Operations() {
			got[method+" "+path] = asked{
				Scopes: texts(t, o.Extensions["x-token-scopes"]), OAuthScopes: texts(t, o.Extensions["x-oauth-scopes"]),
				Personal: o.Extensions["x-supports-personal-access-token"], Deprecated: o.Deprecated,
				Public: o.Security != nil && len(*o.Security) == 0,
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-catalogue +document):\n%s", diff)
	}
}

// texts is a list of an extension; nil for an empty one.
func texts(t *testing.T, value any) []string {
	t.Helper()
	list, ok := value.([]any)
	if !ok && value != nil {
		t.Errorf("%v is no list", value)
	}
	var all []string
	for _, element := range list {
		text, ok := element.(string)
		if !ok {
			t.Errorf("%v is no text", element)
		}
		all = append(all, text)
	}
	return all
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// TestOperations: every operation can be told from the others, belongs to a group, and describes each parameter of its
// path; what asks for a credential says how one is refused.
func TestOperations(t *testing.T) {
	document := load(t)
	names := map[string]bool{}
	for path, item := range document.Paths.Map() {
		for method, o := range item.Operations() {
			name := method + " " + path
			if names[o.OperationID] || o.OperationID == "" {
				t.Errorf("%s: the identifier %q is taken", name, o.OperationID)
			}
			names[o.OperationID] = true
			if len(o.Tags) != 1 || document.Tags.Get(o.Tags[0]) == nil {
				t.Errorf("%s: tags %v", name, o.Tags)
			}
			var described, wanted []string
			for _, p := range o.Parameters {
				if p.Value.In == openapi3.ParameterInPath {
					described = append(described, p.Value.Name)
				}
			}
			for _, found := range pathParameter.FindAllStringSubmatch(path, -1) {
				wanted = append(wanted, found[1])
			}
			if !slices.Equal(described, wanted) {
				t.Errorf("%s: parameters %v", name, described)
			}
			for _, status := range []string{"400", "401", "403", "503", "default"} {
				if guarded := o.Security == nil || len(*o.Security) > 0; guarded && o.Responses.Value(status) == nil {
					t.Errorf("%s: no %s", name, status)
				}
			}
		}
	}
}
