package folder

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/pap"
)

// Contents are what a folder says. Of a folder that was read they are in the order of its files.
type Contents struct {
	Policies   []Policy
	Boundaries []Boundary
	Groups     []Group
	Bindings   []Binding
	// Complete says that both YAML files are there. Without them it cannot be told whether nothing else is wanted.
	Complete bool
}

// origin is where a thing stands in a folder, for remarks about it.
type origin struct {
	file string
	pos  ast.Position
	// above is how many lines of the file stand before its text.
	above int
}

// Policy is a policy of the account, or of one environment.
type Policy struct {
	Environment string // "": the account's
	Name        string
	UUID        string // "": whichever has the name, or a new one
	Description string
	Tags        []string
	Shadow      bool
	Text        string
	origin      origin
}

// Boundary is a boundary of the account.
type Boundary struct {
	Name     string
	UUID     string // "": whichever has the name, or a new one
	Metadata map[string]string
	Text     string
	origin   origin
}

// Group is a group of the account. Who is in it is no matter of the folder.
type Group struct {
	Name        string
	UUID        string // "": whichever has the name; a new one gets an identifier of its own in any case
	Description string
	Federated   []string
	Owner       pap.Owner // "": pap.OwnerLocal
	origin      origin
}

// From is where the policy of a binding lives.
type From string

// The places. The zero From is the account.
const (
	FromAccount     From = ""
	FromEnvironment From = "environment"
	FromGlobal      From = "global"
)

// Binding is a policy that is bound to a group. No two say the same of Environment, Group, Policy, From and Parameters.
type Binding struct {
	Environment string // where it holds; "": in the whole account
	Group       string // name
	Policy      string // name
	From        From
	Parameters  map[string]string
	Boundaries  []string // names
	Metadata    map[string]string
	Shadow      bool
	origin      origin
}

// place is all that tells a binding from others, in an order for people.
func (b Binding) place() string {
	parts := []string{b.Environment, b.Group, b.Policy, string(b.From)}
	for _, name := range slices.Sorted(maps.Keys(b.Parameters)) {
		parts = append(parts, name, b.Parameters[name])
	}
	for i, part := range parts {
		// Parts are told apart whatever is in them; the order of texts stays what it is.
		parts[i] = strings.ReplaceAll(part, "\x00", "\x00\x01")
	}
	return strings.Join(parts, "\x00\x00")
}

// sort brings everything into the order in which it is written.
func (c *Contents) sort() {
	slices.SortFunc(c.Policies, func(a, b Policy) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(c.Boundaries, func(a, b Boundary) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Groups, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Bindings, func(a, b Binding) int { return cmp.Compare(a.place(), b.place()) })
}

// Finding is what there is to say about one file.
type Finding struct {
	File        string // from the folder, with slashes; "." for the folder as a whole
	Diagnostics ast.Diagnostics
}

// Findings are remarks, by file.
type Findings []Finding

// HasErrors reports whether any remark is an error; then nothing may be done.
func (f Findings) HasErrors() bool {
	return slices.ContainsFunc(f, func(one Finding) bool { return one.Diagnostics.HasErrors() })
}

func (f *Findings) add(file string, d ast.Diagnostic) {
	i := slices.IndexFunc(*f, func(one Finding) bool { return one.File == file })
	if i < 0 {
		*f, i = append(*f, Finding{File: file}), len(*f)
	}
	(*f)[i].Diagnostics.Add(d)
}

// fail adds an error about a thing.
func (f *Findings) fail(at origin, message string) {
	f.add(at.file, ast.Diagnostic{Pos: at.pos, Code: "bad-folder", Message: message})
}

// about adds what was found in the text of a file, which may begin below a header.
func (f *Findings) about(at origin, found ast.Diagnostics) {
	for _, d := range found {
		if d.Source == "" {
			d.Pos.Line += at.above
		}
		f.add(at.file, d)
	}
}

func (f Findings) sort() {
	slices.SortFunc(f, func(a, b Finding) int { return cmp.Compare(a.File, b.File) })
	for i := range f {
		slices.SortStableFunc(f[i].Diagnostics, func(a, b ast.Diagnostic) int {
			return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
		})
	}
}
