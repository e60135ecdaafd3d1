package folder_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/pap/folder"
)

const (
	readers = "policies/account/readers.policy"
	allow   = "ALLOW settings:objects:read;"
	u1      = "0b6d3c1e-7f43-4f0c-9d1e-000000000001"
	u2      = "0b6d3c1e-7f43-4f0c-9d1e-000000000002"
)

// sales is a folder in which one thing is bound.
func sales() map[string]string {
	return map[string]string{
		readers:                   "// ---\n// uuid: " + u1 + "\n// ---\n" + allow,
		"boundaries/dev.boundary": `settings:schemaId startsWith "dev.";`,
		"groups.yaml":             "groups:\n  - name: Sales\n  - name: IT\n",
		"bindings.yaml":           "bindings:\n  - group: Sales\n    policy: readers\n    boundaries: [dev]\n",
	}
}

func with(files map[string]string, changes ...string) map[string]string {
	files = maps.Clone(files)
	for i := 0; i < len(changes); i += 2 {
		files[changes[i]] = changes[i+1]
	}
	return files
}

// Every mistake has a place, and the store is as it was.
func TestMistakes(t *testing.T) {
	const elsewhere = "policies/environment/prod/x.policy"
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"text below a header": {with(sales(), readers, "// ---\r\n// description: x\r\n// ---\r\n\r\nALLOW settings:objects:reed;"),
			readers + ":5:7: "},
		"text without":       {with(sales(), "boundaries/dev.boundary", "\n settings:schema = 'a';"), "boundaries/dev.boundary:2:2: "},
		"unfinished header":  {with(sales(), readers, "// ---\n// name: x\nALLOW x:y:z;\n// ---\n"), readers + ":3:1: the header has only lines"},
		"header key":         {with(sales(), readers, "// ---\n// tag: x\n// ---\n"+allow), readers + `:2:4: there is no key "tag"; did you mean tags?`},
		"header value":       {with(sales(), readers, "// ---\n// shadow: yes\n// ---\n"+allow), readers + ":2:12: true or false"},
		"no YAML":            {with(sales(), "groups.yaml", "groups:\n  - name: [\n"), "groups.yaml:"},
		"two documents":      {with(sales(), "groups.yaml", "groups: []\n---\ngroups: []\n"), "groups.yaml:2:1: a second document"},
		"empty file":         {with(sales(), "bindings.yaml", ""), "bindings.yaml:1:1: the list bindings is expected here"},
		"an alias":           {with(sales(), "groups.yaml", "groups:\n  - &a {name: x}\n  - *a\n"), "groups.yaml:2:5: anchors and aliases"},
		"a merge":            {with(sales(), "groups.yaml", "groups:\n  - <<: {name: x}\n"), `groups.yaml:2:5: there is no key "<<"`},
		"a tag":              {with(sales(), "groups.yaml", "groups:\n  - name: !!binary U2FsZXM=\n"), "groups.yaml:2:11: tags are not taken"},
		"a tag in front":     {with(sales(), "groups.yaml", "!!map\ngroups: []\n"), "groups.yaml:1:1: tags are not taken"},
		"no name":            {with(sales(), "groups.yaml", "groups:\n  - name: ~\n"), "groups.yaml:2:11: a text is expected here"},
		"a name with a line": {with(sales(), "groups.yaml", "groups:\n  - name: \"a\\nb\"\n"), "groups.yaml:"},
		"a secret":           {with(sales(), readers, "// ---\n// description: SECRET\n// ---\n"+allow), readers + ":1:1: The description of a policy contains the secret"},
		"a secret parameter": {with(sales(), "bindings.yaml", "bindings:\n  - {group: IT, policy: readers, metadata: {a: SECRET}}\n"), "bindings.yaml:2:5: The metadata contains the secret"},
		"unknown policy":     {with(sales(), "bindings.yaml", "bindings:\n  - group: Sales\n    policy: Settings Reader\n"), `bindings.yaml:2:5: there is no policy "Settings Reader"; there is one with from: global`},
		"unknown group":      {with(sales(), "bindings.yaml", "bindings:\n  - group: Sells\n    policy: readers\n"), `bindings.yaml:2:5: there is no group "Sells"`},
		"unknown boundary":   {with(sales(), "bindings.yaml", "bindings:\n  - {group: IT, policy: readers, boundaries: [prod]}\n"), `bindings.yaml:2:5: there is no boundary "prod"`},
		"unused parameter":   {with(sales(), "bindings.yaml", "bindings:\n  - {group: IT, policy: readers, parameters: {a: b}}\n"), `bindings.yaml:2:5: policy "readers": The parameter a is not used`},
		"from nowhere":       {with(sales(), "bindings.yaml", "bindings:\n  - {group: IT, policy: readers, from: environment}\n"), "bindings.yaml:2:5: a policy from an environment"},
		"twice":              {with(sales(), "bindings.yaml", "bindings:\n  - {group: IT, policy: readers}\n  - {group: IT, policy: readers}\n"), "bindings.yaml:3:5: the same policy is bound to the same group"},
		"one name twice":     {with(sales(), "policies/account/b.policy", "// ---\n// name: readers\n// ---\n"+allow), readers + ":1:1: there is a policy of this name already, in policies/account/b.policy:1:1"},
		"one uuid twice":     {with(sales(), "policies/account/b.policy", "// ---\n// uuid: "+u1+"\n// ---\n"+allow), readers + ":1:1: this uuid is something else's already"},
		"no version 4":       {with(sales(), "boundaries/b.boundary", "// ---\n// uuid: 0b6d3c1e-7f43-1f0c-9d1e-000000000001\n// ---\nsettings:scope = 'a';"), "boundaries/b.boundary:1:1: A UUID of version 4 is expected."},
		"another uuid":       {with(sales(), readers, "// ---\n// uuid: "+u2+"\n// ---\n"+allow), readers + ":1:1: the policy of this name has another uuid: " + u1},
		"uuid of elsewhere":  {with(sales(), readers, allow, elsewhere, "// ---\n// uuid: "+u1+"\n// ---\n"+allow), elsewhere + ":1:1: the uuid is that of a policy at account acme"},
		"owner":              {with(sales(), "groups.yaml", "groups:\n  - {name: Sales, owner: SCIM}\n  - {name: IT}\n"), "groups.yaml:2:5: the owner of a group cannot be changed; it is LOCAL"},
		"parameters":         {with(sales(), readers, `ALLOW settings:objects:read WHERE settings:schemaId = "${bindParam:p}";`), readers + ":1:1: The parameters of a policy stay the same while it is bound"},
		"no environment":     {with(sales(), "policies/environment/.. x/x.policy", allow), "policies/environment/.. x/x.policy:1:1: An account or environment is named with"},
		"another ending":     {with(sales(), "policies/account/x.rego", ""), "policies/account/x.rego:only files that end with .policy"},
		"a stray policy":     {with(sales(), "policies/x.policy", allow), "policies/x.policy:only folders are expected here"},
		"another folder":     {with(sales(), "policies/global/x.policy", allow), "policies/global:expected here are the folders account and environment"},
		"a misspelt list":    {with(sales(), "group.yaml", "groups: []"), "group.yaml:this file is not read here"},
		"nothing":            {map[string]string{"README.md": ""}, ".:there is nothing here"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.apply(sales(), true)
			before := len(d.store.Events())
			plan, said := d.prepare(test.files, false)
			if plan != nil || !strings.HasPrefix(said, test.want) && !strings.Contains(said, "\n"+test.want) {
				t.Errorf("got %v\n%swant\n%s", plan != nil, said, test.want)
			}
			if strings.Contains(said, "SECRET") {
				t.Error("the secret is repeated")
			}
			if after := len(d.store.Events()); after != before {
				t.Errorf("%d changes of the store", after-before)
			}
		})
	}
}

func TestApply(t *testing.T) {
	d := newDesk(t)
	d.apply(sales(), false)
	d.wantActions("add boundary dev", "add policy readers", "add group Sales", "add group IT", "add binding readers to Sales")
	for _, e := range d.store.Events() {
		if e.Actor != "ann" {
			t.Errorf("%s by %q", e.Action, e.Actor)
		}
	}
	// Everything is renamed at once, and stays what it is: nothing is unbound meanwhile.
	bindings, err := d.store.Bindings(background, pap.BindingQuery{}, pap.Page{})
	d.must(err)
	renamed := d.export(true)
	renamed["policies/account/viewers.policy"] = renamed[readers]
	renamed["boundaries/test.boundary"] = renamed["boundaries/dev.boundary"]
	renamed["groups.yaml"] = strings.Replace(renamed["groups.yaml"], "Sales", "Sellers", 1)
	renamed["bindings.yaml"] = strings.NewReplacer("Sales", "Sellers", "readers", "viewers", "dev", "test").Replace(renamed["bindings.yaml"])
	delete(renamed, readers)
	delete(renamed, "boundaries/dev.boundary")
	d.apply(renamed, true)
	d.wantActions("change boundary test", "change policy viewers", "change group Sellers")
	after, err := d.store.Bindings(background, pap.BindingQuery{}, pap.Page{})
	d.must(err)
	if diff := cmp.Diff(bindings, after); diff != "" {
		t.Errorf("bindings (-before +after):\n%s", diff)
	}
	// What the folder does not have stays, unless it is pruned; and then it goes in an order that is possible.
	nothing := map[string]string{"groups.yaml": "groups: []", "bindings.yaml": "bindings: []"}
	d.apply(nothing, false)
	d.wantActions()
	d.apply(nothing, true)
	slices.Sort(d.actions)
	d.wantActions("remove binding viewers to Sellers", "remove boundary test", "remove group IT", "remove group Sellers", "remove policy viewers")
}

// The attack: somebody else changes policies between the review of a difference and its application, so that what is
// applied is not what was reviewed. The invariant: a plan fits the store that it was made for, or nothing is done.
func TestApply_StoreMoves(t *testing.T) {
	d := newDesk(t)
	plan, said := d.prepare(sales(), true)
	if plan == nil {
		t.Fatal(said)
	}
	_, err := d.CreateGroup(background, "bob", account, pap.GroupAttributes{Name: "Others"})
	d.must(err)
	err = plan.Apply(background, d.Service, "ann", func(done folder.Difference) { t.Errorf("done: %+v", done) })
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("got %v", err)
	}
}

// A store that fails in the middle is left in a state that can be decided with, whichever step it is, and to apply the same
// folder again finishes the work.
func TestApply_FailsAnywhere(t *testing.T) {
	for at := 1; ; at++ {
		d := newDesk(t)
		plan, said := d.prepare(sales(), true)
		if plan == nil {
			t.Fatal(said)
		}
		writes := 0
		d.store.Before = func(_ context.Context, method string) error {
			if !strings.HasPrefix(method, "Create") && !strings.HasPrefix(method, "Edit") {
				return nil
			}
			if writes++; writes == at {
				return errors.New("the disk is full")
			}
			return nil
		}
		done := 0
		err := plan.Apply(background, d.Service, "ann", func(folder.Difference) { done++ })
		d.store.Before = nil
		if _, broken := d.Everything(background); broken != nil {
			t.Errorf("after %d steps: %v", done, broken)
		}
		if err == nil {
			if at != 6 {
				t.Errorf("%d writes, want 5", at-1)
			}
			return
		}
		if fault.KindOf(err) != fault.Unavailable || done != at-1 {
			t.Errorf("step %d: %d done, %v", at, done, err)
		}
		d.apply(sales(), true)
		if len(d.actions) != 5-done {
			t.Errorf("the rest was %q", d.actions)
		}
	}
}

// The attack: one account's folder, with everything else pruned, takes away what another account has. The invariant: only
// the account is touched, and environments only where it is certain whose they are.
func TestPrune_OtherAccounts(t *testing.T) {
	d := newDesk(t)
	other := newDesk(t)
	other.store, other.Service, other.scope.Account = d.store, d.Service, "other"
	other.apply(with(sales(), readers, allow), false)
	_, _, err := folder.Prepare(background, folder.Contents{Complete: true}, folder.Options{Store: d.store, Scope: d.scope, Prune: true, Policy: d.config})
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Public(err), "several accounts") {
		t.Errorf("got %v", err)
	}
	d.scope.Environments = []string{"prod"}
	d.apply(map[string]string{"groups.yaml": "groups: []", "bindings.yaml": "bindings: []"}, true)
	d.wantActions()
	_, said := d.prepare(with(sales(), readers, allow, "policies/environment/test/x.policy", allow), false)
	if want := `policies/environment/test/x.policy:1:1: environment "test" is not among those that were named`; !strings.HasPrefix(said, want) {
		t.Errorf("got %s", said)
	}
}

// The attack: a group is removed by a folder about one environment, and loses what it has in others, which nobody was shown.
func TestPrune_GroupElsewhere(t *testing.T) {
	d := newDesk(t)
	files := with(sales(), "bindings.yaml", "bindings:\n  - {group: IT, policy: readers, environment: test}\n")
	d.apply(files, false)
	d.scope.Environments = []string{"prod"}
	_, said := d.prepare(with(files, "groups.yaml", "groups: [{name: Sales}]", "bindings.yaml", "bindings: []"), true)
	if want := `groups.yaml:group "IT" cannot be removed: it has bindings at environment test, which was not named`; !strings.HasPrefix(said, want) {
		t.Errorf("got %s", said)
	}
}

// The attack: a folder from a repository has links in it that lead out, so that an export overwrites, or an application
// reads, what is none of its business. The invariant: neither leaves the folder.
func TestWrite_Links(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	inside := filepath.Join(dir, "iam")
	for _, folder := range []string{victim, inside} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := folder.Write(root, sales()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(inside, "policies")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(inside, "policies")); err != nil {
		t.Fatal(err)
	}
	if err := folder.Write(root, sales()); err == nil {
		t.Error("nothing is wrong with a link out of the folder")
	}
	if left, _ := os.ReadDir(victim); len(left) > 0 {
		t.Errorf("written outside: %v", left)
	}
	_, found, err := folder.Read(fstest.MapFS{"groups.yaml": {Mode: os.ModeSymlink, Data: []byte("bindings.yaml")}, "bindings.yaml": {Data: []byte("bindings: []")}})
	if said := tell(found); err != nil || said != "groups.yaml:this is no plain file\n" {
		t.Errorf("%v %s", err, said)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	files := sales()
	for range 2 {
		if err := folder.Write(root, files); err != nil {
			t.Fatal(err)
		}
		files = with(sales(), "policies/account/other.policy", files[readers])
		delete(files, readers)
		if err := root.WriteFile("policies/account/README.md", nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	err = filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, err = filepath.Rel(dir, name)
			got = append(got, filepath.ToSlash(name))
		}
		return err
	})
	want := []string{"bindings.yaml", "boundaries/dev.boundary", "groups.yaml", "policies/account/README.md", "policies/account/other.policy"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := root.Remove("groups.yaml"); err != nil {
		t.Fatal(err)
	}
	if err := folder.Write(root, sales()); !errors.Is(err, folder.ErrOccupied) {
		t.Errorf("a folder that was not written by an export: %v", err)
	}
}
