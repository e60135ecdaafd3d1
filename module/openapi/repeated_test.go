package openapi_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/openapi"
)

var update = flag.Bool("update", false, "write the repeated paths of the document anew")

// repetition is a prefix under which what is at /iam/v1/repo is served once more.
type repetition struct {
	prefix  string
	account string // what an account is called there
	suffix  string // of the names of operations
	bearers bool   // are taken beside access tokens
}

var repetitions = []repetition{{"/repo", "account", "Short", true}, {"/iam/repo", "cluster", "OnPremises", false}}

// TestRepeatedPaths: under the other prefixes the API of policies is the same, but for who may use it. With -update the
// repetitions are written as they have to be; the place for them is where they begin.
func TestRepeatedPaths(t *testing.T) {
	before, canonical, after := cutRepeated(string(openapi.Document))
	var want strings.Builder
	for _, r := range repetitions {
		for item := range strings.SplitAfterSeq(canonical, "\n    },\n") {
			want.WriteString(r.of(item))
		}
	}
	at := strings.Index(after, "    \"/repo/")
	end := at + strings.LastIndex(after[at:], "    \"/iam/repo/")
	end += strings.Index(after[end:], "\n    },\n") + len("\n    },\n")
	if diff := cmp.Diff(want.String(), after[at:end]); diff != "" && !*update {
		t.Errorf("(-want +got), -update writes them anew:\n%s", diff)
	}
	if *update {
		text := before + canonical + after[:at] + want.String() + after[end:]
		if err := os.WriteFile("openapi.json", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// cutRepeated cuts the paths that are repeated out of the document. They stand one behind the other.
func cutRepeated(document string) (before, paths, after string) {
	const first = "    \"/iam/v1/repo/"
	at := strings.Index(document, first)
	end := at + strings.LastIndex(document[at:], first)
	end += strings.Index(document[end:], "\n    },\n") + len("\n    },\n")
	return document[:at], document[at:end], document[end:]
}

var (
	nameOfOperation = regexp.MustCompile(`"operationId": "(\w+)"`)
	describedAtOnce = regexp.MustCompile(`(?m)^        "description": .*\n`)
	bearersOnly     = "        \"security\": [{ \"bearer\": [] }],\n"
	accessTokens    = "        \"security\": [{ \"apiToken\": [] }],\n"
	both            = "        \"security\": [\n          { \"apiToken\": [] },\n          { \"bearer\": [] }\n        ],\n"
	onPremisesScope = "        \"x-token-scopes\": [\"ServiceProviderAPI\"],\n"
	notPersonal     = "        \"x-supports-personal-access-token\": false\n"
	oauthScopes     = regexp.MustCompile(`( +"x-oauth-scopes": \[.*\])\n`)
)

// of is a path item as it is repeated. What is said at length is said once only.
func (r repetition) of(item string) string {
	item = strings.Replace(item, "/iam/v1/repo/account/", "/iam/v1/repo/"+r.account+"/", 1)
	item = strings.Replace(item, "/iam/v1/repo/", r.prefix+"/", 1)
	item = nameOfOperation.ReplaceAllString(item, `"operationId": "${1}`+r.suffix+`"`)
	item = describedAtOnce.ReplaceAllString(item, "")
	if r.bearers {
		item = strings.ReplaceAll(item, bearersOnly, both+onPremisesScope)
		return oauthScopes.ReplaceAllString(item, "$1,\n"+notPersonal)
	}
	item = strings.ReplaceAll(item, bearersOnly, accessTokens+onPremisesScope)
	return oauthScopes.ReplaceAllString(item, notPersonal)
}
