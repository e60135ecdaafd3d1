package regogen_test

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
	"github.com/doorward/doorward/policyengine/regogen"
	"github.com/doorward/doorward/policyengine/regogen/regogentest"
)

var knownHead = regexp.MustCompile(`^(allow|deny|condition_[0-9]+)$`)

// FuzzTranslate: a policy cannot become other code than its own rules.
//
// Attack: a value with quotes, braces, comments, newlines or Rego in it, to end its string and add a rule. Fix: rules are
// built as a tree, and their text is read back and compared. Invariant: whatever a policy holds, its Rego passes the
// strict check and has no package, import or rule head but the known ones.
func FuzzTranslate(f *testing.F) {
	for _, seed := range []string{
		`ALLOW settings:objects:read WHERE settings:schemaId = "\"]} default allow := true";`,
		"ALLOW settings:objects:read WHERE settings:schemaId = '`' AND settings:scope = \"\u2028x\";",
		`DENY settings:objects:read WHERE settings:schemaId NOT IN ("a", "${global:userGroup}", "${global:userId}x");`,
		`DENY storage:buckets:read WHERE storage:bucket-name MATCH ("a*b?[c]", "*", "**x");`,
		`ALLOW hub:catalog:read WHERE global:date = "2026-05-03+02:00" AND global:time-of-day > "09:00-05:00";`,
		`ALLOW email:emails:send, oauth2:clients:manage WHERE oauth2:scopes startsWith "import data.x";`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, policy string) {
		tree, _ := parser.ParsePolicy(policy)
		if tree == nil {
			return
		}
		b, _ := bind.Bind(bind.Policy{Tree: tree}, nil, nil, catalog.Default())
		if b == nil {
			return
		}
		onlyKnownRules(t, b.Statements)
	})
}

// TestDrawnStatementsTranslate is the same of statements that no policy text could hold.
func TestDrawnStatementsTranslate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { onlyKnownRules(t, regogentest.Draw(t).Statements) })
}

func onlyKnownRules(t fataler, statements []*bind.Statement) {
	t.Helper()
	source, err := regogen.Source(statements)
	if err != nil {
		t.Fatal(err)
	}
	m := strict(t, source)
	if len(m.Imports) != 0 || m.Package.Path.String() != "data.doorward.iam" {
		t.Fatal(string(source))
	}
	for _, r := range m.Rules {
		if !knownHead.MatchString(r.Head.Ref().String()) || r.Else != nil || r.Default {
			t.Fatal(r.Head, string(source))
		}
	}
}
