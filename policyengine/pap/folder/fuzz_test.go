package folder_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/policyengine/pap/folder"
)

// Whatever is in the files, reading them ends with contents or with an error that has a file; and contents that are written
// and read again are the same.
func FuzzRead(f *testing.F) {
	for _, files := range []map[string]string{sales(), with(sales(), readers, "// ---\r\n// tags: ['a', b]\r\n// ---\r\n// ---\n")} {
		f.Add(files[readers], files["boundaries/dev.boundary"], files["groups.yaml"], files["bindings.yaml"])
	}
	f.Add("// ---\n// name: '../x'\n// ---\n", "// ---\n// metadata: {? [a] : b}\n// ---", "groups: [{name: &a x}, *a]", "bindings: [{<<: {}}]")
	f.Fuzz(func(t *testing.T, policy, boundary, groups, bindings string) {
		read := func(files map[string]string) (folder.Contents, folder.Findings) {
			fsys := fstest.MapFS{}
			for name, text := range files {
				fsys[name] = &fstest.MapFile{Data: []byte(text)}
			}
			c, found, err := folder.Read(fsys)
			if err != nil {
				t.Fatal(err)
			}
			return c, found
		}
		c, found := read(map[string]string{readers: policy, "boundaries/dev.boundary": boundary, "groups.yaml": groups, "bindings.yaml": bindings})
		for _, one := range found {
			if one.File == "" || len(one.Diagnostics) == 0 {
				t.Fatalf("%+v", one)
			}
		}
		if found.HasErrors() {
			return
		}
		files, err := folder.Files(c)
		if err != nil {
			return
		}
		again, found := read(files)
		if found.HasErrors() {
			t.Fatalf("what was written cannot be read: %s\n%q", tell(found), files)
		}
		twice, err := folder.Files(again)
		if diff := cmp.Diff(files, twice, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Fatalf("%v (-once +twice):\n%s", err, diff)
		}
	})
}
