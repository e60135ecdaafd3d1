package endpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// parseYAML reads one document. Anchors and merge keys are refused: a row should say all there is to it where it stands.
func parseYAML(data []byte) (*value, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not valid UTF-8")
	}
	// The library would take UTF-16 by its byte order mark; a file that two readers see differently is refused.
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, errors.New("empty; expected a catalogue")
	} else if err != nil {
		return nil, yamlProblem(err)
	}
	// What follows a second "---" would otherwise be dropped in silence, and with it rows that an operator relies on.
	if err := decoder.Decode(&second); err == nil {
		return nil, failAt(second.Line, "a second document; expected one catalogue in a file")
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlProblem(err)
	}
	return fromYAML(document.Content[0], 0)
}

// grammarProblems begin the messages for which the library counts lines from 0; it counts those of its scanner from 1.
var grammarProblems = []string{
	"did not find expected <", "did not find expected node content", "did not find expected '-' indicator",
	"did not find expected key", "did not find expected ',' or",
}

// yamlProblem takes the line out of the library's message, "yaml: line 3: did not find …", which has no other place.
func yamlProblem(err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	var line int
	if _, scanErr := fmt.Sscanf(message, "line %d:", &line); scanErr != nil {
		return errors.New(message)
	}
	_, message, _ = strings.Cut(message, ": ")
	if slices.ContainsFunc(grammarProblems, func(s string) bool { return strings.HasPrefix(message, s) }) {
		line++
	}
	return &lineError{line, message}
}

// fromYAML copies a node without resolving anything: a scalar keeps its text, and its tag only says what the author
// meant. Tags beyond those of JSON and dates are refused, because they would need a constructor.
func fromYAML(node *yaml.Node, depth int) (*value, error) {
	switch {
	case depth > maxNesting:
		return nil, failAt(node.Line, "nested more than %d deep", maxNesting)
	case node.Anchor != "" || node.Kind == yaml.AliasNode:
		return nil, failAt(node.Line, "anchors and aliases are not supported; write the value out")
	}
	v := &value{line: node.Line}
	switch node.Kind {
	case yaml.MappingNode:
		return v, v.fieldsFromYAML(node, depth)
	case yaml.SequenceNode:
		v.kind = aList
		for _, child := range node.Content {
			item, err := fromYAML(child, depth+1)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, item)
		}
		return v, nil
	}
	v.text = node.Value
	switch tag := node.ShortTag(); tag {
	case "!!str":
		v.kind = aText
	case "!!bool":
		v.kind = aTruth
	case "!!null":
		v.kind = aNull
	case "!!int", "!!float":
		v.kind = aNumber
	case "!!timestamp":
		v.kind = "a date"
	default:
		return nil, failAt(node.Line, "the tag %s is not supported", tag)
	}
	return v, nil
}

// fieldsFromYAML checks keys itself: the library looks for repeated ones only when it fills structs. A merge key (<<)
// has a tag of its own and is refused with the other keys that are no text.
func (v *value) fieldsFromYAML(node *yaml.Node, depth int) error {
	v.kind = aMapping
	seen := keySet{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" || key.Anchor != "" {
			return failAt(key.Line, "expected a key, found %q", key.Value)
		}
		if err := seen.add(key.Value, key.Line); err != nil {
			return err
		}
		child, err := fromYAML(node.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		v.fields = append(v.fields, field{key.Value, key.Line, child})
	}
	return nil
}
