package folder_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/pap/folder"
)

// Everything that can be said of a thing is in its file, by a name that no disk and no reader takes for something else.
func TestExport(t *testing.T) {
	d := newDesk(t)
	shadow := true
	policy := func(level pap.Level, uuid, name string) {
		_, _, err := d.CreatePolicy(background, "ann", level, uuid, pap.PolicyAttributes{
			Name: name, Description: "two\nlines: \"x\"", Tags: []string{"on call", "no"}, Shadow: &shadow, Statement: allow,
		})
		d.must(err)
	}
	policy(pap.AccountLevel(account), u1, "all")
	policy(pap.AccountLevel(account), "", "../x")
	policy(pap.EnvironmentLevel("prod"), "", "con")
	policy(pap.EnvironmentLevel("prod"), "", "Same")
	policy(pap.EnvironmentLevel("prod"), "", "same")
	b, _, err := d.CreateBoundary(background, "ann", account, u2, pap.BoundaryAttributes{
		Name: "dev", Query: `settings:scope = "a";`, Metadata: map[string]string{"ticket": "OPS-1", "a: b": "\x1b[31m"},
	})
	d.must(err)
	g, err := d.CreateGroup(background, "ann", account, pap.GroupAttributes{
		Name: "Büro", Description: "x", FederatedValues: []string{"b", "a"}, Owner: pap.OwnerSAML,
	})
	d.must(err)
	_, _, err = d.Bind(background, "ann", pap.BindRequest{
		Level: pap.EnvironmentLevel("prod"), Policy: u1, Groups: []string{g.UUID},
		Terms: pap.Terms{Boundaries: []string{b.UUID}, Metadata: map[string]string{"why": "1.10"}, Shadow: &shadow},
	})
	d.must(err)
	const header = "// ---\n%// description: \"two\\nlines: \\\"x\\\"\"\n// tags:\n//   - on call\n//   - \"no\"\n// shadow: true\n// ---\n" + allow
	named := func(name string) string { return header[:len("// ---\n")] + name + header[len("// ---\n%"):] }
	want := map[string]string{
		"policies/account/all.policy":                        named(""),
		"policies/account/x~d6b96a97d147.policy":             named("// name: \"../x\"\n"),
		"policies/environment/prod/con~1143da2bc54c.policy":  named("// name: con\n"),
		"policies/environment/prod/Same~2a98b1deb68c.policy": named("// name: Same\n"),
		"policies/environment/prod/same~0967115f2813.policy": named("// name: same\n"),
		"boundaries/dev.boundary":                            "// ---\n// metadata:\n//   \"a: b\": \"\\u001b[31m\"\n//   ticket: OPS-1\n// ---\nsettings:scope = \"a\";",
		"groups.yaml":                                        "groups:\n  - name: \"Büro\"\n    description: x\n    federated:\n      - b\n      - a\n    owner: SAML\n",
		"bindings.yaml":                                      "bindings:\n  - group: \"Büro\"\n    policy: all\n    environment: prod\n    boundaries:\n      - dev\n    metadata:\n      why: \"1.10\"\n    shadow: true\n",
	}
	if diff := cmp.Diff(want, d.export(false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	files := d.export(true)
	if got := files["policies/account/all.policy"]; got != named("// uuid: \""+u1+"\"\n") {
		t.Errorf("with its uuid: %s", got)
	}
}

func TestFiles_OneOnSomeDisks(t *testing.T) {
	_, err := folder.Files(folder.Contents{Policies: []folder.Policy{{Environment: "prod", Name: "x"}, {Environment: "PROD", Name: "x"}}})
	if err == nil {
		t.Error("two environments that are one folder where case does not count")
	}
}
