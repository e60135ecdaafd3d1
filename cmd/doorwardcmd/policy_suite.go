package doorwardcmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/doorward/doorward/policyengine/ast"
)

// maxSuiteRequests bounds what one file asks.
const maxSuiteRequests = 10_000

// suite is a file of requests and the verdicts that are expected for them.
type suite struct {
	Account     string                   `yaml:"account"`     // default "default"
	Environment string                   `yaml:"environment"` // of requests that name none; default "default"
	Now         string                   `yaml:"now"`         // of requests that name none, as RFC 3339
	Catalogs    []string                 `yaml:"catalogs"`    // files of operators' own services
	Boundaries  map[string]suiteText     `yaml:"boundaries"`  // by name
	Policies    []suitePolicy            `yaml:"policies"`
	Users       map[string]suiteUser     `yaml:"users"`  // by the name that requests use
	Groups      []string                 `yaml:"groups"` // further ones, to which nothing is bound
	Requests    []suiteRequest           `yaml:"requests"`
	places      map[string][]yamlMapping // of the entries of the lists, by the list's key
}

// suiteText is a text that stands in the suite or in a file, whose path is seen from the suite's folder.
type suiteText struct {
	Text string `yaml:"text"`
	File string `yaml:"file"`
}

// suitePolicy is a policy together with one binding of it. To bind it twice, list it twice.
type suitePolicy struct {
	Name        string            `yaml:"name"`
	suiteText   `yaml:",inline"`  // or
	Builtin     string            `yaml:"builtin"` // name of a global policy
	Groups      []string          `yaml:"groups"`
	Environment string            `yaml:"environment"` // the binding holds there only; default the whole account
	Parameters  map[string]string `yaml:"parameters"`
	Boundaries  []string          `yaml:"boundaries"`
}

// suiteUser is somebody who asks.
type suiteUser struct {
	ID     string   `yaml:"id"`     // ${global:userId}; default the name
	Domain string   `yaml:"domain"` // global:usernameDomain; default what follows the @ of the name
	Groups []string `yaml:"groups"`
}

// suiteRequest is a question and its expected answer.
type suiteRequest struct {
	Name        string                    `yaml:"name"`
	User        string                    `yaml:"user"`   // one of Users
	Groups      []string                  `yaml:"groups"` // besides those of the user
	Environment string                    `yaml:"environment"`
	Permission  string                    `yaml:"permission"`
	Attributes  map[string]suiteAttribute `yaml:"attributes"`
	Now         string                    `yaml:"now"`
	Expect      string                    `yaml:"expect"` // allow or deny
	Reason      string                    `yaml:"reason"` // name of a policy that must be among the reasons, or "default"
}

// reasonDefault is the reason of a refusal that no policy asked for.
const reasonDefault = "default"

// suiteAttribute is one value, a list, or null: unknown, like an attribute that is not named.
type suiteAttribute struct {
	values      []string
	known, list bool
}

// UnmarshalYAML takes a scalar as it is written, because attributes are texts, and 1.10 is not 1.1. YAML's null never
// gets here and leaves the attribute unknown.
func (a *suiteAttribute) UnmarshalYAML(node *yaml.Node) error {
	switch node.Kind {
	case yaml.ScalarNode:
		*a = suiteAttribute{values: []string{node.Value}, known: true}
		return nil
	case yaml.SequenceNode:
		*a = suiteAttribute{known: true, list: true}
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode || item.ShortTag() == "!!null" {
				return wrongType(item, "a list of values is expected")
			}
			a.values = append(a.values, item.Value)
		}
		return nil
	}
	return wrongType(node, "a value, a list of values or null is expected")
}

// wrongType is an error of the kind after which the library reads on.
func wrongType(node *yaml.Node, message string) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %s", node.Line, message)}}
}

// yamlMapping is where an entry stands, and its keys.
type yamlMapping struct {
	pos  ast.Position
	keys map[string]ast.Position
}

// at is the place of a key's value, of the entry where it has none.
func (m yamlMapping) at(key string) ast.Position {
	if pos, ok := m.keys[key]; ok {
		return pos
	}
	return m.pos
}

// parseSuite is strict: a request that is misspelt would be a test that tests nothing.
func parseSuite(text string) (*suite, ast.Diagnostics) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	s := new(suite)
	if err := decoder.Decode(s); errors.Is(err, io.EOF) {
		return nil, atLine(1, "the file is empty")
	} else if err != nil {
		return nil, yamlDiagnostics(err)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, atLine(max(second.Line, 1), "a second document; one is expected in a file")
	}
	var document yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader([]byte(text))).Decode(&document); err != nil {
		return nil, yamlDiagnostics(err)
	}
	s.places = entryPlaces(&document)
	if n := len(s.Requests); n == 0 || n > maxSuiteRequests {
		return nil, atLine(1, fmt.Sprintf("the file has %d requests; 1 to %d are expected", n, maxSuiteRequests))
	}
	return s, nil
}

// entryPlaces finds the entries of the lists at the top.
func entryPlaces(document *yaml.Node) map[string][]yamlMapping {
	places := map[string][]yamlMapping{}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return places
	}
	top := document.Content[0].Content
	for i := 0; i+1 < len(top); i += 2 {
		for _, entry := range top[i+1].Content {
			m := yamlMapping{pos: placeOf(entry), keys: map[string]ast.Position{}}
			for k := 0; entry.Kind == yaml.MappingNode && k+1 < len(entry.Content); k += 2 {
				m.keys[entry.Content[k].Value] = placeOf(entry.Content[k+1])
			}
			places[top[i].Value] = append(places[top[i].Value], m)
		}
	}
	return places
}

func placeOf(node *yaml.Node) ast.Position {
	return ast.Position{Line: node.Line, Column: node.Column}
}

// place is where the entry of a list stands. What came by an alias has the place of the list's end, or none.
func (s *suite) place(list string, index int, key string) ast.Position {
	if index < len(s.places[list]) {
		return s.places[list][index].at(key)
	}
	return ast.Position{}
}

func atLine(line int, message string) ast.Diagnostics {
	return ast.Diagnostics{{Pos: ast.Position{Line: line, Column: 1}, Code: "bad-suite", Message: message}}
}

var (
	yamlLine       = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	yamlUnknownKey = regexp.MustCompile(`^field (.*) not found in type .*$`)
	yamlWrongType  = regexp.MustCompile("^cannot unmarshal (!!\\w+)( `.*`)? into .*$")
)

// yamlDiagnostics puts the library's messages, which speak of Go types, into words for the file's author.
func yamlDiagnostics(err error) ast.Diagnostics {
	messages := []string{err.Error()}
	if several, ok := errors.AsType[*yaml.TypeError](err); ok {
		messages = several.Errors
	}
	var found ast.Diagnostics
	for _, message := range messages {
		line := 1
		message = strings.TrimPrefix(message, "yaml: ")
		if parts := yamlLine.FindStringSubmatch(message); parts != nil {
			line, _ = strconv.Atoi(parts[1])
			message = parts[2]
		}
		if parts := yamlUnknownKey.FindStringSubmatch(message); parts != nil {
			message = "there is no key " + parts[1]
		} else if parts := yamlWrongType.FindStringSubmatch(message); parts != nil {
			message = "this is " + yamlKind(parts[1]) + ", and something else is expected here"
		}
		for _, d := range atLine(line, message) {
			found.Add(d)
		}
	}
	return found
}

func yamlKind(tag string) string {
	switch tag {
	case "!!seq":
		return "a list"
	case "!!map":
		return "a mapping"
	}
	return "a single value"
}
