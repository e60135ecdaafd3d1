package caddyfiles_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/module/endpoint"
)

const docs = "../docs/directives"

// TestDocs_Options compares the tables of the documentation with what the parser takes. A parser that is given an option
// that it does not know says which ones it does.
func TestDocs_Options(t *testing.T) {
	const option = "{\n\tdoorward {\n\t\t%\n\t}\n}\n"
	const directive = ":8080 {\n\tdoorward {\n\t\t%\n\t}\n}\n"
	for _, test := range []struct{ file, block, around, text string }{
		{"doorward-global.md", "doorward", option, "nonsense"},
		{"doorward-global.md", "account", option, "account acme {\n nonsense\n}"},
		{"doorward-global.md", "environment of an account", option, "account acme {\n environment prod {\n nonsense\n}\n}"},
		{"doorward-global.md", "oauth2", option, "oauth2 {\n nonsense\n}"},
		{"doorward-global.md", "token_format", option, "token_format shop01 {\n nonsense\n}"},
		{"doorward-global.md", "issuer", option, "issuer https://login.example.com {\n nonsense\n}"},
		{"doorward-global.md", "decision_log", option, "decision_log {\n nonsense\n}"},
		{"doorward-global.md", "cache", option, "cache {\n nonsense\n}"},
		{"doorward-global.md", "remote_access", option, "remote_access {\n nonsense\n}"},
		{"doorward-global.md", "mail", option, "remote_access {\n mail {\n nonsense\n}\n}"},
		{"doorward-global.md", "webhook", option, "remote_access {\n webhook chat https://chat.example.com {\n nonsense\n}\n}"},
		{"doorward.md", "doorward", directive, "nonsense"},
		{"doorward-api.md", "doorward_api", ":8080 {\n\tdoorward_api {\n\t\t%\n\t}\n}\n", "nonsense"},
		{"doorward-console.md", "doorward_console", ":8080 {\n\tdoorward_console {\n\t\t%\n\t}\n}\n", "nonsense"},
		{"doorward-console.md", "sign_in oidc", ":8080 {\n\tdoorward_console {\n\t\t%\n\t}\n}\n", "sign_in oidc https://login.example.com {\n nonsense\n}"},
		{"doorward.md", "endpoint", directive, "endpoint GET /a a.read {\n nonsense\n}"},
		{"doorward.md", "environment", directive, "environment {\n nonsense\n}"},
		{"doorward.md", "identity_headers", directive, "identity_headers {\n nonsense\n}"},
		{"doorward.md", "cors", directive, "cors * {\n nonsense\n}"},
	} {
		t.Run(test.file+"/"+test.block, func(t *testing.T) {
			_, err := adapt(strings.ReplaceAll(test.around, "%", test.text))
			if err == nil {
				t.Fatal("the option nonsense is taken")
			}
			compare(t, firstColumn(t, test.file, "## "+test.block), expectedWords(err))
		})
	}
}

// TestDocs_Grammar makes sure that the drawing at the head of each page has every option of its block.
func TestDocs_Grammar(t *testing.T) {
	for _, file := range []string{"doorward.md", "doorward-global.md"} {
		drawing := strings.Split(page(t, file), "```")[1]
		var drawn []string
		for line := range strings.Lines(drawing) {
			fields := strings.Fields(line)
			if len(fields) > 0 && strings.HasPrefix(line, "\t") && strings.Trim(fields[0], "{}") != "" && fields[0] != "doorward" {
				drawn = append(drawn, fields[0])
			}
		}
		compare(t, drawn, firstColumn(t, file, "## doorward"))
	}
}

// TestDocs_Catalogue compares the keys of a catalogue file in the same way.
func TestDocs_Catalogue(t *testing.T) {
	for what, text := range map[string]string{
		"a catalogue":      `{"nonsense": 1}`,
		"a scope":          `{"scopes": [{"nonsense": 1}]}`,
		"an alias":         `{"aliases": [{"nonsense": 1}]}`,
		"an endpoint":      `{"endpoints": [{"nonsense": 1}]}`,
		"a line of remote": `{"remote": [{"nonsense": 1}]}`,
		"a rule":           `{"endpoints": [{"remote": [{"nonsense": 1}]}]}`,
		"an attribute":     `{"endpoints": [{"attributes": {"an attribute": {"nonsense": 1}}}]}`,
	} {
		t.Run(what, func(t *testing.T) {
			_, err := endpoint.Parse("x.json", []byte(text))
			if err == nil {
				t.Fatal("the key nonsense is taken")
			}
			found := regexp.MustCompile(what + ` has no key .* \(keys: (.*)\)`).FindStringSubmatch(err.Error())
			if found == nil {
				t.Fatalf("no list of keys in %v", err)
			}
			compare(t, firstColumn(t, "endpoints.md", "### "+what), strings.Split(found[1], ", "))
		})
	}
}

// TestDocs_Attribute makes sure that a Caddyfile can say of an attribute what a catalogue file can, in the same words.
func TestDocs_Attribute(t *testing.T) {
	var actual []string
	for _, text := range []string{"attribute a:x nonsense x", "attribute a:x query x {\n nonsense\n}"} {
		_, err := adapt(":8080 {\n doorward {\n endpoint GET /a a.read {\n" + text + "\n}\n}\n}\n")
		if err == nil {
			t.Fatalf("%q is taken", text)
		}
		actual = append(actual, expectedWords(err)...)
	}
	compare(t, firstColumn(t, "endpoints.md", "### an attribute"), actual)
}

// TestDocs_Placeholders compares the documented placeholders with the cases of the functions that answer them.
func TestDocs_Placeholders(t *testing.T) {
	var want []string
	for _, name := range []string{"placeholder", "principalPlaceholder"} {
		for _, text := range cases(t, "../module/exchange.go", name) {
			want = append(want, "{http.doorward."+text+"}")
		}
	}
	compare(t, firstColumn(t, "placeholders.md", "## Placeholders"), want)
}

// TestDocs_Answers compares reasons and codes, and causes, with the tables in the sources.
func TestDocs_Answers(t *testing.T) {
	reason := regexp.MustCompile(`(?m)^\treason\w+:\s+\{"(\w+)",\s+"(\w*)"`)
	var reasons []string
	for _, found := range reason.FindAllStringSubmatch(source(t, "../module/reason.go"), -1) {
		if found[1] == "pending" {
			continue // never settled on
		}
		reasons = append(reasons, found[1])
		if line := row(t, "answers.md", found[1]); found[2] != "" && !strings.Contains(line, "`"+found[2]+"`") {
			t.Errorf("the row of %s lacks its code %s: %s", found[1], found[2], line)
		}
	}
	compare(t, firstColumn(t, "answers.md", "## Reasons"), reasons)
	cause := regexp.MustCompile(`(?m)^\t\w+\s+Refusal = "(\w+)"`)
	compare(t, firstColumn(t, "placeholders.md", "## Causes"), all(cause, source(t, "../tokens/credential.go")))
	cause = regexp.MustCompile(`(?m)^\t\w+\s+tokens\.Refusal = "(\w+)"`)
	compare(t, firstColumn(t, "placeholders.md", "## Causes for JWTs"), all(cause, source(t, "../tokens/jwt/refusal.go")))
	compare(t, firstColumn(t, "placeholders.md", "## Causes for remote staff"), all(cause, source(t, "../module/remote_staff.go")))
}

// TestDocs_SameRow makes sure that the two forms of the example in the documentation are one row.
func TestDocs_SameRow(t *testing.T) {
	_, asked, _ := strings.Cut(page(t, "endpoints.md"), "## What policies are asked")
	parts := strings.Split(asked, "```")
	if len(parts) != 5 {
		t.Fatalf("%d examples, want 2", len(parts)/2)
	}
	want := parseCatalogue(t, "x.yaml", "catalog: x\n"+strings.TrimPrefix(parts[1], "yaml"))
	got := rowsAsCatalogue(t, ":8080 {\n doorward {\n"+strings.TrimPrefix(parts[3], "caddyfile")+"}\n}\n")
	if diff := cmp.Diff(want.Endpoints, got.Endpoints, cmpopts.IgnoreFields(endpoint.Endpoint{}, "Origin")); diff != "" {
		t.Errorf("(-catalogue +Caddyfile):\n%s", diff)
	}
}

// TestDocs_Remote makes sure that the list of the documentation loads, with rows such as it speaks of.
func TestDocs_Remote(t *testing.T) {
	_, list, _ := strings.Cut(page(t, "endpoints.md"), "```yaml\nremote:")
	list, _, _ = strings.Cut(list, "```")
	catalogue := parseCatalogue(t, "x.yaml", "catalog: x\nremote:"+list+`
endpoints:
  - { endpoint: "GET /orders/keys/{id}", any_token: true }
  - { endpoint: POST /orders/search, any_token: true }
  - { endpoint: "GET /orders/{id}/payments", any_token: true }
  - { endpoint: PUT /orders, any_token: true, permission: shop:orders:write, attributes: { shop:kind: { body: /kind } } }
`)
	if _, err := endpoint.Build(catalogue.Layer()); err != nil {
		t.Error(err)
	}
}

// TestDocs_Examples adapts every Caddyfile that the documentation shows whole.
func TestDocs_Examples(t *testing.T) {
	parts := strings.Split(page(t, "doorward-log-format.md"), "```")
	if _, err := adapt(parts[3]); err != nil {
		t.Error(err)
	}
	for _, file := range []string{"doorward-api.md", "../remote-access.md"} {
		for i, part := range strings.Split(page(t, file), "```caddyfile")[1:] {
			example, _, _ := strings.Cut(part, "```")
			if _, err := adapt(example); err != nil {
				t.Errorf("example %d of %s: %v", i+1, file, err)
			}
		}
	}
}

// expectedWords are those that an error of the parser lists.
func expectedWords(err error) []string {
	_, list, _ := strings.Cut(err.Error(), "expected one of: ")
	list, _, _ = strings.Cut(list, ", at ")
	return strings.Split(list, ", ")
}

func page(t *testing.T, file string) string {
	t.Helper()
	return source(t, filepath.Join(docs, file))
}

func source(t *testing.T, file string) string {
	t.Helper()
	return read(t, filepath.FromSlash(file))
}

// firstColumn is what the table rows between a heading and the next one begin with, in backquotes.
func firstColumn(t *testing.T, file, heading string) []string {
	t.Helper()
	_, section, found := strings.Cut(page(t, file), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", file, heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	return all(regexp.MustCompile("(?m)^\\| `([^`]+)`"), section)
}

func row(t *testing.T, file, name string) string {
	t.Helper()
	return regexp.MustCompile("(?m)^\\| `" + name + "`.*$").FindString(page(t, file))
}

func all(pattern *regexp.Regexp, text string) []string {
	var found []string
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

func compare(t *testing.T, documented, actual []string) {
	t.Helper()
	if len(actual) == 0 {
		t.Fatal("nothing found to compare with")
	}
	slices.Sort(documented)
	slices.Sort(actual)
	if diff := cmp.Diff(documented, actual); diff != "" {
		t.Errorf("(-documented +actual):\n%s", diff)
	}
}

// cases are the texts of the case clauses in one function.
func cases(t *testing.T, file, function string) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(file), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, declaration := range tree.Decls {
		f, ok := declaration.(*ast.FuncDecl)
		if !ok || f.Name.Name != function {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if clause, ok := n.(*ast.CaseClause); ok {
				texts = append(texts, literals(clause.List)...)
			}
			return true
		})
	}
	return texts
}

func literals(expressions []ast.Expr) []string {
	var texts []string
	for _, expression := range expressions {
		if literal, ok := expression.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				texts = append(texts, text)
			}
		}
	}
	return texts
}
