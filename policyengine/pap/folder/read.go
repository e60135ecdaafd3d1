package folder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/pap"
)

// The parts of a folder.
const (
	policiesFolder    = "policies"
	accountFolder     = policiesFolder + "/account"
	environmentFolder = policiesFolder + "/environment"
	boundariesFolder  = "boundaries"
	groupsFile        = "groups.yaml"
	bindingsFile      = "bindings.yaml"

	policyEnding   = ".policy"
	boundaryEnding = ".boundary"
)

// Bounds of what is read.
const (
	maxFiles    = 50_000   // in one folder
	maxTextFile = 1 << 20  // bytes; the language takes far less and says so with a position
	maxYAMLFile = 32 << 20 // bytes
)

// Read reads a folder. Contents are not to be used where there are errors among the findings. The error is about the file
// system alone. Links are not followed.
func Read(folder fs.FS) (Contents, Findings, error) {
	l := &loader{fs: folder}
	for _, step := range []func() error{l.top, l.policies, l.boundaries, l.yamlFiles} {
		if err := step(); err != nil {
			return Contents{}, nil, err
		}
	}
	l.unique()
	l.found.sort()
	return l.Contents, l.found, nil
}

type loader struct {
	fs fs.FS
	Contents
	found Findings
}

// top refuses a folder with nothing in it, and files that look as if they belonged to another place in it: of them nobody
// would notice that they are not read.
func (l *loader) top() error {
	entries, err := l.entries(".")
	if err != nil {
		return err
	}
	known := 0
	for _, e := range entries {
		switch name := e.Name(); {
		case slices.Contains([]string{policiesFolder, boundariesFolder, groupsFile, bindingsFile}, name):
			known++
		case slices.Contains([]string{".yaml", ".yml", policyEnding, boundaryEnding}, path.Ext(name)) && name[0] != '.':
			l.found.fail(origin{file: name}, fmt.Sprintf("this file is not read here; expected are %s/, %s/, %s and %s",
				policiesFolder, boundariesFolder, groupsFile, bindingsFile))
		}
	}
	if known == 0 {
		l.found.fail(origin{file: "."}, fmt.Sprintf("there is nothing here; expected are %s/, %s/, %s and %s",
			policiesFolder, boundariesFolder, groupsFile, bindingsFile))
	}
	return nil
}

func (l *loader) entries(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(l.fs, name)
	if name != "." && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if len(entries) > maxFiles {
		return nil, fmt.Errorf("%s has more than %d files", name, maxFiles)
	}
	return entries, err
}

// folders are the folders in a folder. Files are out of place there.
func (l *loader) folders(name string) (names []string, err error) {
	entries, err := l.entries(name)
	for _, e := range entries {
		switch file := path.Join(name, e.Name()); {
		case e.IsDir(): // an environment may well be called .x
			names = append(names, e.Name())
		case isNote(e.Name()):
		default:
			l.found.fail(origin{file: file}, "only folders are expected here")
		}
	}
	return names, err
}

// isNote tells what people and their tools leave in any folder.
func isNote(name string) bool { return name[0] == '.' || strings.EqualFold(name, "README.md") }

// texts hands over every file of a folder, which all end alike, and the name that goes with it.
func (l *loader) texts(folder, ending string, take func(file, name, source string)) error {
	entries, err := l.entries(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		file := path.Join(folder, e.Name())
		name, fits := strings.CutSuffix(e.Name(), ending)
		if isNote(e.Name()) {
			continue
		}
		if !fits || name == "" {
			l.found.fail(origin{file: file}, "only files that end with "+ending+" are expected here")
			continue
		}
		source, ok, err := l.file(file, e, maxTextFile)
		if err != nil {
			return err
		}
		if ok {
			take(file, name, source)
		}
	}
	return nil
}

// file reads a file that is one: not a link to elsewhere, nor something that never ends.
func (l *loader) file(file string, e fs.DirEntry, limit int64) (source string, ok bool, err error) {
	if !e.Type().IsRegular() {
		l.found.fail(origin{file: file}, "this is no plain file")
		return "", false, nil
	}
	f, err := l.fs.Open(file)
	if err != nil {
		return "", false, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		l.found.fail(origin{file: file}, fmt.Sprintf("the file has more than %d bytes", limit))
		return "", false, nil
	}
	return string(text), err == nil, err
}

func (l *loader) policies() error {
	folders, err := l.folders(policiesFolder)
	if err != nil {
		return err
	}
	for _, name := range folders {
		if at := path.Join(policiesFolder, name); at != accountFolder && at != environmentFolder {
			l.found.fail(origin{file: at}, "expected here are the folders account and environment")
		}
	}
	if err := l.policiesIn(accountFolder, ""); err != nil {
		return err
	}
	environments, err := l.folders(environmentFolder)
	for _, environment := range environments {
		if err == nil {
			err = l.policiesIn(path.Join(environmentFolder, environment), environment)
		}
	}
	return err
}

func (l *loader) policiesIn(folder, environment string) error {
	return l.texts(folder, policyEnding, func(file, name, source string) {
		p := Policy{Environment: environment, Name: name}
		text, at, ok := headed(&l.found, file, source, func(r *reader) map[string]func(*yaml.Node) {
			return map[string]func(*yaml.Node){
				"name": into(&p.Name, r.text), "uuid": into(&p.UUID, r.text), "description": into(&p.Description, r.text),
				"tags": into(&p.Tags, r.texts), "shadow": into(&p.Shadow, r.truth),
			}
		})
		if p.Text, p.origin = text, at; ok {
			l.Policies = append(l.Policies, p)
		}
	})
}

func (l *loader) boundaries() error {
	return l.texts(boundariesFolder, boundaryEnding, func(file, name, source string) {
		b := Boundary{Name: name}
		text, at, ok := headed(&l.found, file, source, func(r *reader) map[string]func(*yaml.Node) {
			return map[string]func(*yaml.Node){
				"name": into(&b.Name, r.text), "uuid": into(&b.UUID, r.text), "metadata": into(&b.Metadata, r.pairs),
			}
		})
		if b.Text, b.origin = text, at; ok {
			l.Boundaries = append(l.Boundaries, b)
		}
	})
}

func (l *loader) yamlFiles() error {
	groups, err := l.yamlFile(groupsFile, "groups", func(r *reader, n *yaml.Node) {
		g := Group{origin: r.at(n)}
		owner := ""
		r.mapping(n, map[string]func(*yaml.Node){
			"name": into(&g.Name, r.text), "uuid": into(&g.UUID, r.text), "description": into(&g.Description, r.text),
			"federated": into(&g.Federated, r.texts), "owner": into(&owner, r.text),
		})
		g.Owner = pap.Owner(owner)
		l.Groups = append(l.Groups, g)
	})
	if err != nil {
		return err
	}
	bindings, err := l.yamlFile(bindingsFile, "bindings", func(r *reader, n *yaml.Node) {
		b := Binding{origin: r.at(n)}
		r.mapping(n, map[string]func(*yaml.Node){
			"environment": into(&b.Environment, r.text), "group": into(&b.Group, r.text), "policy": into(&b.Policy, r.text),
			"from": into(&b.From, r.from), "parameters": into(&b.Parameters, r.pairs),
			"boundaries": into(&b.Boundaries, r.texts), "metadata": into(&b.Metadata, r.pairs), "shadow": into(&b.Shadow, r.truth),
		})
		l.Bindings = append(l.Bindings, b)
	})
	l.Complete = groups && bindings
	return err
}

func (r *reader) from(n *yaml.Node) From {
	switch text := r.text(n); text {
	case "account":
		return FromAccount
	case string(FromEnvironment), string(FromGlobal):
		return From(text)
	}
	r.fail(n, "account, environment or global is expected here")
	return FromAccount
}

// yamlFile reads a file with one list, and reports whether there is one.
func (l *loader) yamlFile(file, key string, take func(*reader, *yaml.Node)) (there bool, err error) {
	entries, err := l.entries(".")
	i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return e.Name() == file })
	if err != nil || i < 0 {
		return false, err
	}
	source, ok, err := l.file(file, entries[i], maxYAMLFile)
	if err != nil || !ok {
		return false, err
	}
	r := &reader{file: file, found: &l.found}
	document := r.document(source)
	if document == nil {
		// An empty file is what is left when a program was stopped while it wrote.
		l.found.fail(origin{file: file, pos: ast.Position{Line: 1, Column: 1}}, "the list "+key+" is expected here, an empty one as "+key+": []")
		return false, nil
	}
	if r.plain(document) {
		r.mapping(document, map[string]func(*yaml.Node){key: func(n *yaml.Node) {
			there = true
			for _, one := range r.list(n) {
				take(r, one)
			}
		}})
	}
	return there, nil
}
