package apitest_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/module/openapi"
)

// sightings are the documented answers that have been seen, by operation and status.
type sightings struct {
	document *openapi3.T
	mu       sync.Mutex
	seen     map[string]bool // "GET /path 200"
}

func newSightings(t testing.TB) *sightings {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	return &sightings{document: document, seen: map[string]bool{}}
}

// unprovoked are the statuses that no test here brings about, and why.
var unprovoked = map[string]string{
	"409": "it takes five lost races in a row; package tokens has them",
}

// checkComplete holds that every documented status of every operation has been seen.
func (s *sightings) checkComplete(t *testing.T) {
	t.Helper()
	for path, item := range s.document.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				if status != "default" && unprovoked[status] == "" && !s.seen[method+" "+path+" "+status] {
					t.Errorf("%s %s: the document promises %s, which no story has seen", method, path, status)
				}
			}
		}
	}
}

// find gives the operation that a request is for, and its path template. A literal beats a parameter. nil where the
// document has none.
func (s *sightings) find(method, target string) (template string, operation *openapi3.Operation) {
	path, _, _ := strings.Cut(target, "?")
	if at := strings.Index(path, "://"); at >= 0 {
		path = path[at+3:]
		path = path[strings.IndexByte(path, '/'):]
	}
	if rest, found := strings.CutPrefix(path, "/e/"); found {
		path = rest[strings.IndexByte(rest, '/'):]
	}
	path = strings.Replace(path, "/platform/classic/environment-api/", "/api/", 1)
	for candidate, item := range s.document.Paths.Map() {
		o := item.GetOperation(method)
		if o != nil && fits(candidate, path) && (operation == nil || strings.Count(candidate, "{") < strings.Count(template, "{")) {
			template, operation = candidate, o
		}
	}
	return template, operation
}

func fits(template, path string) bool {
	wanted, got := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(wanted, got, func(segment, text string) bool {
		return segment == text || strings.HasPrefix(segment, "{") && text != ""
	})
}

// holdAgainstDocument checks that an answer is one that the document describes, down to the names of its members, and
// that what was accepted is what the document lets a client send.
func (s *stage) holdAgainstDocument(r request, got reply) {
	s.t.Helper()
	template, operation := s.seen.find(r.method, r.target)
	if operation == nil {
		return // the upstream's
	}
	name := r.method + " " + template + " " + strconv.Itoa(got.status)
	response := operation.Responses.Status(got.status)
	if response == nil && got.status >= http.StatusInternalServerError {
		response = operation.Responses.Default()
	}
	if response == nil {
		s.t.Errorf("%s: the document does not have it", name)
		return
	}
	s.seen.mu.Lock()
	s.seen.seen[name] = true
	s.seen.mu.Unlock()
	if err := checkContent(response.Value.Content, got.header.Get("Content-Type"), got.body, openapi3.VisitAsResponse()); err != nil {
		s.t.Errorf("%s: %s", name, s.masked(err.Error()))
	}
	for header, described := range response.Value.Headers {
		if described.Value.Required && got.header.Get(header) == "" {
			s.t.Errorf("%s: the header %s is missing", name, header)
		}
	}
	if sent := operation.RequestBody; got.status < http.StatusMultipleChoices && sent != nil && (r.body != "" || sent.Value.Required) {
		err := checkContent(sent.Value.Content, cmp.Or(r.header.Get("Content-Type"), "application/json"), r.body, openapi3.VisitAsRequest())
		if err != nil && !strings.HasPrefix(err.Error(), "undocumented") {
			s.t.Errorf("%s: the request was accepted, though the document says: %s", name, s.masked(err.Error()))
		}
	}
}

// checkContent holds a body against the schema of its type.
func checkContent(content openapi3.Content, contentType, body string, direction openapi3.SchemaValidationOption) error {
	if len(content) == 0 {
		if body != "" {
			return fmt.Errorf("%d bytes where no body is described", len(body))
		}
		return nil
	}
	media := content.Get(contentType)
	if media == nil {
		return fmt.Errorf("%q is no type that is described", contentType)
	}
	var value any = body
	switch {
	case strings.Contains(contentType, "form-urlencoded"):
		value = formValue(body)
	case strings.Contains(contentType, "json"), contentType == "*/*": // what says nothing of itself is JSON here
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			return err
		}
	}
	if err := media.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020(), direction); err != nil {
		return err
	}
	return undocumented("", media.Schema.Value, value)
}

// formValue is a form as the schemas see it: an object of texts, or lists of texts.
func formValue(body string) any {
	parameters, err := url.ParseQuery(body)
	if err != nil {
		return body
	}
	value := map[string]any{}
	for name, all := range parameters {
		if len(all) == 1 {
			value[name] = all[0]
			continue
		}
		list := []any{}
		for _, one := range all {
			list = append(list, one)
		}
		value[name] = list
	}
	return value
}

// undocumented finds a member that a schema does not name. The schemas are open, so that clients take new members as they
// come, and so a validator lets them pass.
func undocumented(path string, schema *openapi3.Schema, value any) error {
	switch value := value.(type) {
	case map[string]any:
		for name, part := range value {
			property, known := schema.Properties[name]
			if !known && len(schema.Properties) > 0 && schema.AdditionalProperties.Schema == nil {
				return fmt.Errorf("undocumented: %s.%s", path, name)
			}
			if known {
				if err := undocumented(path+"."+name, property.Value, part); err != nil {
					return err
				}
			}
		}
	case []any:
		for i, part := range value {
			if schema.Items == nil {
				break
			}
			if err := undocumented(fmt.Sprintf("%s[%d]", path, i), schema.Items.Value, part); err != nil {
				return err
			}
		}
	}
	return nil
}
