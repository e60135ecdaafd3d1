package folder

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine/pap"
)

// Files are the files of a folder with these contents, by their names with slashes. Equal contents give equal files.
func Files(c Contents) (map[string]string, error) {
	c.Policies, c.Boundaries = slices.Clone(c.Policies), slices.Clone(c.Boundaries)
	c.Groups, c.Bindings = slices.Clone(c.Groups), slices.Clone(c.Bindings)
	c.sort()
	files := fileSet{files: map[string]string{}, folded: map[string]string{}}
	inFolder := map[string][]string{}
	for _, p := range c.Policies {
		inFolder[p.folder()] = append(inFolder[p.folder()], p.Name)
	}
	for _, p := range c.Policies {
		stem := fileStem(p.Name, inFolder[p.folder()])
		files.add(path.Join(p.folder(), stem+policyEnding), p.file(stem))
	}
	for _, b := range c.Boundaries {
		inFolder[boundariesFolder] = append(inFolder[boundariesFolder], b.Name)
	}
	for _, b := range c.Boundaries {
		stem := fileStem(b.Name, inFolder[boundariesFolder])
		files.add(path.Join(boundariesFolder, stem+boundaryEnding), b.file(stem))
	}
	files.add(groupsFile, listFile("groups", c.Groups, Group.entry))
	files.add(bindingsFile, listFile("bindings", c.Bindings, Binding.entry))
	return files.files, files.err
}

// fileSet refuses two files that would be one on a disk which does not tell letters by their case.
type fileSet struct {
	files, folded map[string]string
	err           error
}

func (s *fileSet) add(file, text string) {
	if other, taken := s.folded[strings.ToLower(file)]; taken && s.err == nil {
		s.err = fmt.Errorf("%s and %s would be one file", other, file)
	}
	s.files[file], s.folded[strings.ToLower(file)] = text, file
}

func (p Policy) folder() string {
	if p.Environment != "" {
		return path.Join(environmentFolder, p.Environment)
	}
	return accountFolder
}

var (
	plainStem = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,98}[A-Za-z0-9_-])?$`)
	// deviceStem are names that no file can have on some systems.
	deviceStem = regexp.MustCompile(`^(?i:con|prn|aux|nul|com\d|lpt\d)(\.|$)`)
	unplain    = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
)

// fileStem is the name of a file without its ending. A name that makes a good one is taken as it is; of any other only
// what is harmless is left, with a digest of the whole name in place of the rest.
func fileStem(name string, others []string) string {
	alike := 0
	for _, other := range others {
		if strings.EqualFold(name, other) {
			alike++
		}
	}
	if plainStem.MatchString(name) && !deviceStem.MatchString(name) && alike <= 1 {
		return name
	}
	digest := sha256.Sum256([]byte(name))
	slug := strings.Trim(unplain.ReplaceAllString(name, "-"), "-")
	return slug[:min(len(slug), 60)] + "~" + hex.EncodeToString(digest[:6])
}

// file is the text of a policy's file. The name is in it where the file cannot be called so.
func (p Policy) file(stem string) string {
	var y yamlText
	if stem != p.Name {
		y.name("name", p.Name)
	}
	y.text("uuid", p.UUID)
	y.text("description", p.Description)
	y.list("tags", p.Tags)
	y.flag("shadow", p.Shadow)
	return join(y.b.String(), p.Text)
}

func (b Boundary) file(stem string) string {
	var y yamlText
	if stem != b.Name {
		y.name("name", b.Name)
	}
	y.text("uuid", b.UUID)
	y.pairs("metadata", b.Metadata)
	return join(y.b.String(), b.Text)
}

func (g Group) entry() string {
	var y yamlText
	y.name("name", g.Name)
	y.text("uuid", g.UUID)
	y.text("description", g.Description)
	y.list("federated", g.Federated)
	if g.Owner != pap.OwnerLocal {
		y.text("owner", string(g.Owner))
	}
	return y.b.String()
}

func (b Binding) entry() string {
	var y yamlText
	y.name("group", b.Group)
	y.name("policy", b.Policy)
	y.text("from", string(b.From))
	y.text("environment", b.Environment)
	y.pairs("parameters", b.Parameters)
	y.list("boundaries", slices.Sorted(slices.Values(b.Boundaries)))
	y.pairs("metadata", b.Metadata)
	y.flag("shadow", b.Shadow)
	return y.b.String()
}

func listFile[T any](key string, all []T, entry func(T) string) string {
	if len(all) == 0 {
		return key + ": []\n"
	}
	var y yamlText
	y.line(0, key+":")
	for _, one := range all {
		y.entry(entry(one))
	}
	return y.b.String()
}

// ErrOccupied is that of Write for a folder with something else in it.
var ErrOccupied = errors.New("the folder is not empty, and holds no policies that were written before")

// Write makes a folder be these files. Those with the right text are left alone; a file of a policy or boundary that is
// not among them goes. It touches nothing outside of the folder, whatever links there are in it.
func Write(root *os.Root, files map[string]string) error {
	stale, err := staleFiles(root.FS(), files)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := replace(root, name, files[name]); err != nil {
			return err
		}
	}
	for _, name := range stale {
		if err := root.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// staleFiles are the policies and boundaries in a folder that are not among the files. In a folder that was not written by
// this package they are somebody else's.
func staleFiles(folder fs.FS, files map[string]string) (stale []string, err error) {
	visible := 0
	err = fs.WalkDir(folder, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case !e.IsDir() && isNote(e.Name()):
			return nil
		case name != "." && path.Dir(name) == "." && isNote(name): // .git
			return fs.SkipDir
		}
		if visible++; visible > maxFiles {
			return fmt.Errorf("the folder has more than %d files", maxFiles)
		}
		_, wanted := files[name]
		ours := strings.HasPrefix(name, policiesFolder+"/") && path.Ext(name) == policyEnding ||
			path.Dir(name) == boundariesFolder && path.Ext(name) == boundaryEnding
		if ours && !wanted && !e.IsDir() {
			stale = append(stale, name)
		}
		return nil
	})
	if err != nil || visible == 1 { // the folder itself
		return nil, err
	}
	for _, name := range []string{groupsFile, bindingsFile} {
		if _, err := fs.Stat(folder, name); err != nil {
			return nil, ErrOccupied
		}
	}
	return stale, nil
}

// replace puts a text in the place of a file in one step, so that a full disk leaves the old one.
func replace(root *os.Root, name, text string) error {
	if before, err := root.ReadFile(name); err == nil && string(before) == text {
		return nil
	}
	if err := root.MkdirAll(path.Dir(name), 0o750); err != nil {
		return err
	}
	made := path.Join(path.Dir(name), ".doorward-export")
	if err := root.WriteFile(made, []byte(text), 0o640); err != nil {
		return errors.Join(err, root.Remove(made))
	}
	if err := root.Rename(made, name); err != nil {
		return errors.Join(err, root.Remove(made))
	}
	return nil
}
