package folder_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/pap/folder"
	"github.com/doorward/doorward/policyengine/pap/paptest"
)

const account = "acme"

// testing is what a test and a property test have in common.
type failing interface {
	Helper()
	Fatal(values ...any)
	Errorf(format string, values ...any)
}

// desk is a service over a store in memory, and a folder that goes in and out.
type desk struct {
	*pap.Service
	t       failing
	store   *paptest.Memory
	scope   folder.Scope
	config  pap.ServiceConfig
	actions []string // of the last application
}

func newDesk(t failing) *desk {
	d := &desk{t: t, store: &paptest.Memory{}, scope: folder.Scope{Account: account}}
	d.config = pap.ServiceConfig{
		Store: d.store, Now: func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) },
		Mask: func(text string) string { return strings.ReplaceAll(text, "SECRET", "***") },
	}
	d.Service = pap.NewService(d.config)
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) export(uuids bool) map[string]string {
	d.t.Helper()
	c, err := folder.Export(background, d.store, d.scope, uuids)
	d.must(err)
	files, err := folder.Files(c)
	d.must(err)
	return files
}

// prepare reads files and says what would be done with them.
func (d *desk) prepare(files map[string]string, prune bool) (*folder.Plan, string) {
	d.t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	want, found, err := folder.Read(fsys)
	d.must(err)
	if found.HasErrors() {
		return nil, tell(found)
	}
	plan, found, err := folder.Prepare(background, want, folder.Options{Store: d.store, Scope: d.scope, Prune: prune, Policy: d.config})
	d.must(err)
	return plan, tell(found)
}

func tell(found folder.Findings) string {
	var b strings.Builder
	for _, f := range found {
		for _, remark := range f.Diagnostics {
			b.WriteString(f.File + ":" + remark.String() + "\n")
		}
	}
	return b.String()
}

// apply applies files, which must be well, and keeps what was done.
func (d *desk) apply(files map[string]string, prune bool) {
	d.t.Helper()
	plan, said := d.prepare(files, prune)
	if plan == nil {
		d.t.Fatal(said)
	}
	d.actions = nil
	d.must(plan.Apply(background, d.Service, "ann", func(done folder.Difference) {
		d.actions = append(d.actions, string(done.Verb)+" "+done.Noun+" "+done.Name)
	}))
}

func (d *desk) wantActions(want ...string) {
	d.t.Helper()
	if diff := cmp.Diff(want, d.actions); diff != "" {
		d.t.Errorf("what was done (-want +got):\n%s", diff)
	}
}

var _ failing = (*testing.T)(nil)
