package folder

import (
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/doorward/doorward/policyengine/ast"
)

// reader takes a small part of YAML: mappings with known keys, lists, and texts as they are written. Anchors, aliases and
// tags are refused, because what they make of a file is not what a reviewer reads.
type reader struct {
	file          string
	lines, column int // that stand before and left of the YAML in the file
	found         *Findings
}

func (r *reader) fail(n *yaml.Node, message string) {
	r.found.fail(r.at(n), message)
}

func (r *reader) at(n *yaml.Node) origin {
	return origin{file: r.file, pos: ast.Position{Line: n.Line + r.lines, Column: n.Column + r.column}}
}

// document is the one document of a text, nil where there is none or an error.
func (r *reader) document(text string) *yaml.Node {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		r.broken(err)
		return nil
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		r.fail(&yaml.Node{Line: max(second.Line, 1), Column: 1}, "a second document; one is expected in a file")
		return nil
	}
	return document.Content[0]
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// broken puts the library's message at the line that it names.
func (r *reader) broken(err error) {
	parts := yamlLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	line, message := 1, parts[2]
	if n, err := strconv.Atoi(parts[1]); err == nil {
		line = n
	}
	r.fail(&yaml.Node{Line: line, Column: 1}, "this is no YAML: "+message)
}

// plain refuses what is not simply there to be read.
func (r *reader) plain(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.fail(n, "anchors and aliases are not taken here: write the value out")
	case n.Style&yaml.TaggedStyle != 0:
		r.fail(n, "tags are not taken here")
	default:
		return true
	}
	return false
}

// mapping hands the values of a mapping to the functions of their keys.
func (r *reader) mapping(n *yaml.Node, take map[string]func(*yaml.Node)) {
	r.entries(n, func(key, value *yaml.Node) {
		read, known := take[key.Value]
		if !known {
			message := "there is no key " + strconv.Quote(key.Value)
			if near := ast.Nearest(key.Value, slices.Values(slices.Sorted(maps.Keys(take)))); near != "" {
				message += "; did you mean " + near + "?"
			}
			r.fail(key, message)
			return
		}
		if r.plain(value) {
			read(value)
		}
	})
}

func (r *reader) entries(n *yaml.Node, take func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "keys and values are expected here")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case !r.plain(key):
		case key.Kind != yaml.ScalarNode:
			r.fail(key, "a key is a text")
		case seen[key.Value]:
			r.fail(key, "the key "+strconv.Quote(key.Value)+" is there twice")
		default:
			seen[key.Value] = true
			take(key, n.Content[i+1])
		}
	}
}

func (r *reader) list(n *yaml.Node) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, "a list is expected here")
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.Content), func(one *yaml.Node) bool { return !r.plain(one) })
}

// text takes a scalar as it is written: 1.10 is not 1.1, and no is not false.
func (r *reader) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		r.fail(n, `a text is expected here; an empty one is ""`)
		return ""
	}
	return n.Value
}

func (r *reader) truth(n *yaml.Node) bool {
	text := r.text(n)
	if text != "true" && text != "false" {
		r.fail(n, "true or false is expected here")
	}
	return text == "true"
}

func (r *reader) texts(n *yaml.Node) (texts []string) {
	for _, one := range r.list(n) {
		texts = append(texts, r.text(one))
	}
	return texts
}

func (r *reader) pairs(n *yaml.Node) (pairs map[string]string) {
	r.entries(n, func(key, value *yaml.Node) {
		if !r.plain(value) {
			return
		}
		if pairs == nil {
			pairs = map[string]string{}
		}
		pairs[key.Value] = r.text(value)
	})
	return pairs
}

// into makes the function that keeps what a reading function reads.
func into[T any](to *T, read func(*yaml.Node) T) func(*yaml.Node) {
	return func(n *yaml.Node) { *to = read(n) }
}
