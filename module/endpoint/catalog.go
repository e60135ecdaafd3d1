package endpoint

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/doorward/doorward/tokens/scope"
)

// Bounds of one catalogue file.
const (
	maxFile    = 8 << 20 // bytes
	maxRows    = 20_000
	maxScopes  = 5_000
	maxAliases = 16
)

// Catalog is one description of an API, as a file has it: every endpoint with what it asks for, and the scopes there
// are. A loaded catalogue is shared and must not be changed.
type Catalog struct {
	Name      string // lower-case letters, digits and '-'; becomes Endpoint.Catalog
	Scopes    []scope.Scope
	Aliases   []Alias
	Remote    []RemoteLine // what remote staff need, for the endpoints that do not say so themselves
	Endpoints []Endpoint
}

// Layer is the catalogue as a layer for Build.
func (c *Catalog) Layer() Layer {
	return Layer{Name: c.Name, Scopes: c.Scopes, Aliases: c.Aliases, Remote: c.Remote, Rows: c.Endpoints}
}

//go:embed catalog/*.json
var embedded embed.FS

// carried are the embedded catalogues, each parsed when it is first asked for.
var carried = map[string]func() (*Catalog, error){
	"dynatrace": sync.OnceValues(func() (*Catalog, error) { return parseEmbedded("dynatrace") }),
	Own:         sync.OnceValues(func() (*Catalog, error) { return parseEmbedded(Own) }),
}

// Own is the catalogue of what Doorward serves itself. Every row of it is stated and none is derived.
const Own = "doorward"

func parseEmbedded(name string) (*Catalog, error) {
	data, err := embedded.ReadFile("catalog/" + name + ".json")
	if err != nil {
		return nil, err
	}
	c, err := Parse(name+".json", data)
	if err != nil {
		return nil, err
	}
	for i := range c.Endpoints {
		// Nobody can open the embedded file, so a line number would only puzzle.
		c.Endpoints[i].Origin = c.Name
	}
	for i := range c.Aliases {
		c.Aliases[i].Origin = c.Name
	}
	for i := range c.Remote {
		c.Remote[i].Origin = c.Name
	}
	return c, nil
}

// Embedded is a catalogue that the program carries: "dynatrace", or Own. Its rows have their catalogue's name as Origin. It
// is parsed at the first call and shared from then on.
func Embedded(name string) (*Catalog, error) {
	if catalog, ok := carried[name]; ok {
		return catalog()
	}
	names := slices.Sorted(maps.Keys(carried))
	return nil, fmt.Errorf("there is no embedded catalogue %q%s (there are: %s)",
		name, didYouMean(name, names), strings.Join(names, ", "))
}

// ReadFile loads a catalogue of an operator. The name's ending chooses the format: .yaml, .yml or .json.
func ReadFile(path string) (*Catalog, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Parse(filepath.Base(path), data)
}

// Parse loads a catalogue from memory; file gives the format by its ending and the name in errors and origins.
//
// Unknown and repeated keys are errors, as is everything that Build would refuse about a single row. The error lists up
// to ten problems as "file:line: what is wrong and what was expected", one per line.
func Parse(file string, data []byte) (*Catalog, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d MiB", file, maxFile>>20)
	}
	var root *value
	var err error
	switch ending := strings.ToLower(filepath.Ext(file)); ending {
	case ".yaml", ".yml":
		root, err = parseYAML(data)
	case ".json":
		root, err = parseJSON(data)
	default:
		return nil, fmt.Errorf("%s: unknown ending %q; expected .yaml, .yml or .json", file, ending)
	}
	if err != nil {
		if at, ok := errors.AsType[*lineError](err); ok {
			return nil, fmt.Errorf("%s:%d: %s", file, at.line, at.message)
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	s := schema{file: file}
	c := s.catalog(root)
	if err := joined(s.sorted()); err != nil {
		return nil, err
	}
	return c, nil
}

// isCatalogName reports lower-case letters, digits and inner '-', 1 to 64 of them, beginning with a letter.
func isCatalogName(name string) bool {
	odd := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	return name != "" && len(name) <= 64 && name[0] >= 'a' && !strings.ContainsFunc(name, odd)
}
