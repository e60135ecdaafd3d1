package rest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/rest"
)

// order is a body as an operation reads it.
type order struct {
	Name     *string  `json:"name"`
	Paid     bool     `json:"paid"`
	Amount   int      `json:"amount"`
	Tags     []string `json:"tags"`
	Shipping struct {
		City string `json:"city"`
	} `json:"shipping"`
}

func call(body, contentType string) *rest.Call {
	r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return &rest.Call{Request: r}
}

func TestRead(t *testing.T) {
	text := "é"
	want := order{Name: &text, Tags: []string{"a"}}
	for name, body := range map[string]string{
		"plain":                `{"name":"é","tags":["a"]}`,
		"null is absent":       `{"name":"é","tags":["a"],"paid":null,"amount":null,"shipping":null}`,
		"unknown members":      `{"name":"é","x":{"name":1,"y":[{"x":1}]},"tags":["a"]}`,
		"white space":          "\r\n\t {\"name\":\"\\u00e9\", \"tags\" : [ \"a\" ] } \n",
		"same name deeper":     `{"name":"é","tags":["a"],"z":[{"name":1},{"name":1}]}`,
		"as deep as it may be": `{"name":"é","tags":["a"],"z":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`,
	} {
		for _, contentType := range []string{"", "application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"} {
			var got order
			if err := call(body, contentType).Read(&got); err != nil {
				t.Errorf("%s as %q: %v", name, contentType, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

func TestReadKeepsWhatIsThere(t *testing.T) {
	got := order{Paid: true, Amount: 7}
	if err := call(`{"paid":null}`, "").Read(&got); err != nil || !got.Paid || got.Amount != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		body   string
		status int
		want   string // "path: sentence", or the sentence
	}{
		"empty":             {"", 400, "The body is not valid JSON."},
		"half":              {`{"name":"é"`, 400, "The body is not valid JSON."},
		"comma at the end":  {`{"name":"é",}`, 400, "The body is not valid JSON."},
		"no quotes":         {`{name:1}`, 400, "The body is not valid JSON."},
		"a form":            {`name=x`, 400, "The body is not valid JSON."},
		"byte order mark":   {"\ufeff{}", 400, "The body is not valid JSON."},
		"not a number":      {`{"amount":NaN}`, 400, "The body is not valid JSON."},
		"null":              {" null\n", 400, "The body is null."},
		"a list":            {`[]`, 400, "The body is not the JSON object that is expected here."},
		"a text":            {`"x"`, 400, "The body is not the JSON object that is expected here."},
		"two values":        {`{} {}`, 400, "The body has more than one JSON value."},
		"rubbish behind":    {`{}]`, 400, "The body has more than one JSON value."},
		"not UTF-8":         {"{\"name\":\"\xff\"}", 400, "The body is not valid UTF-8."},
		"UTF-16":            {"\xfe\xff\x00{\x00}", 400, "The body is not valid UTF-8."},
		"text for number":   {`{"amount":"1"}`, 400, "amount: Expected a number."},
		"fraction":          {`{"amount":1.5}`, 400, "amount: Expected a number."},
		"too large number":  {`{"amount":1e400}`, 400, "amount: Expected a number."},
		"number for text":   {`{"name":1}`, 400, "name: Expected a text."},
		"text for truth":    {`{"paid":"true"}`, 400, "paid: Expected true or false."},
		"text for list":     {`{"tags":"a"}`, 400, "tags: Expected a list."},
		"number in list":    {`{"tags":["a",1]}`, 400, "tags: Expected a text."},
		"list for object":   {`{"shipping":[]}`, 400, "shipping: Expected an object."},
		"deeper":            {`{"shipping":{"city":1}}`, 400, "shipping.city: Expected a text."},
		"too deep":          {strings.Repeat("[", 65) + strings.Repeat("]", 65), 400, "The body is nested more than 64 levels deep."},
		"far too deep":      {strings.Repeat(`{"a":`, 100_000), 400, "The body is nested more than 64 levels deep."},
		"as large as it is": {`{"name":"` + strings.Repeat("x", rest.MaxBody) + `"}`, 413, "The body is larger than 1048576 bytes."},
	} {
		t.Run(name, func(t *testing.T) {
			checkRefusal(t, call(test.body, "").Read(&order{}), test.status, test.want)
		})
	}
}

// Attack: a member is there twice. What checks the request believes the first, what carries it out the last, and the
// caller gets a scope that nobody looked at. Names that differ by case only are one member to encoding/json. Fix: such a
// body is refused before it is decoded. Invariant: no object of a body has a member twice, at any depth.
func TestRepeatedMembers(t *testing.T) {
	twice := "name: The member is there twice."
	for body, want := range map[string]string{
		`{"name":"a","name":"b"}`:                twice,
		`{"name":"a","name":"a"}`:                twice,
		`{"name":null,"name":"b"}`:               twice,
		`{"NAME":"a","name":"b"}`:                twice,
		`{"x":1,"y":[{"name":1,"na\u006de":2}]}`: twice,
		`{"name":"a","Name":"b"}`:                "Name: The member is there twice.",
		`{"tags":[],"tag\u017f":[]}`:             "A member of the body is there twice.", // the long s folds to s
		`{"":1,"":2}`:                            "A member of the body is there twice.",
		`{"a":{"":1,"":2},"b":1}`:                "A member of the body is there twice.",
		`{"dt0c01.A.B":1,"dt0c01.A.B":2}`:        "A member of the body is there twice.",
		`{"` + strings.Repeat("x", 65) + `":1,"` + strings.Repeat("x", 65) + `":1}`: "A member of the body is there twice.",
	} {
		t.Run(body, func(t *testing.T) { checkRefusal(t, call(body, "").Read(&order{}), 400, want) })
	}
}

func TestContentType(t *testing.T) {
	for _, contentType := range []string{
		"text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", "application/jsonx", "json", ";", "application/json, text/plain",
		"application/json; charset=utf-8; charset=latin1", "multipart/form-data; boundary=x",
	} {
		checkRefusal(t, call(`{}`, contentType).Read(&order{}), 415, "The body must be application/json.")
	}
	text, err := call("dt0c01.X", "text/plain; charset=utf-8").ReadBody("text/csv", "text/plain")
	if string(text) != "dt0c01.X" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestBodyLimits(t *testing.T) {
	full := strings.Repeat(" ", rest.MaxBody-2) + "{}"
	if err := call(full, "").Read(&order{}); err != nil {
		t.Errorf("a body of exactly the limit: %v", err)
	}
	checkRefusal(t, call(" "+full, "").Read(&order{}), 413, "The body is larger than 1048576 bytes.")

	// A body without end is not read to its end.
	endless := &countingReader{}
	c := call("", "")
	c.Body = io.NopCloser(endless)
	checkRefusal(t, c.Read(&order{}), 413, "The body is larger than 1048576 bytes.")
	if endless.read > rest.MaxBody+1<<10 {
		t.Errorf("%d bytes were read", endless.read)
	}

	// The site may have a smaller limit of its own.
	c = call(`{"name":"x"}`, "")
	c.Body = http.MaxBytesReader(httptest.NewRecorder(), c.Body, 4)
	checkRefusal(t, c.Read(&order{}), 413, "The body is larger than 1048576 bytes.")

	c.Body = io.NopCloser(iotest.ErrReader(errors.New("reset by peer 192.0.2.1")))
	checkRefusal(t, c.Read(&order{}), 400, "The body could not be read.")
}

// TestReadAny: what the body says it is does not matter; everything else does as in Read, with another bound.
func TestReadAny(t *testing.T) {
	for _, contentType := range []string{"", "*/*", "application/json", "application/xml", ";;"} {
		var got order
		if err := call(`{"name":"x"}`, contentType).ReadAny(&got, 12); err != nil || got.Name == nil || *got.Name != "x" {
			t.Errorf("%q: %v, %v", contentType, got.Name, err)
		}
	}
	checkRefusal(t, call(`{"name":"xx"}`, "").ReadAny(&order{}, 12), 413, "The body is larger than 12 bytes.")
	checkRefusal(t, call(`{} {}`, "*/*").ReadAny(&order{}, 12), 400, "The body has more than one JSON value.")
	checkRefusal(t, call(`null`, "*/*").ReadAny(&order{}, 12), 400, "The body is null.")
	checkRefusal(t, call(``, "*/*").ReadAny(&order{}, 12), 400, "The body is not valid JSON.")
}

type countingReader struct{ read int }

func (r *countingReader) Read(p []byte) (int, error) {
	r.read += len(p)
	return len(p), nil
}

func checkRefusal(t *testing.T, err error, status int, want string) {
	t.Helper()
	e, ok := errors.AsType[*rest.Error](err)
	if !ok {
		t.Errorf("%v is no *rest.Error", err)
		return
	}
	got := e.Message
	if len(e.Violations) > 0 {
		got = e.Violations[0].Path + ": " + e.Violations[0].Message
	}
	if e.Status != status || got != want {
		t.Errorf("%d %s, want %d %s", e.Status, got, status, want)
	}
}

// FuzzRead: no body makes Read panic; what it refuses is 400, 413 or 415, and what it says repeats nothing of the body but
// the name of a member.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"name":"é","paid":true,"amount":1,"tags":["a"],"shipping":{"city":"x"}}`, `{"name":1}`, `{"a":1,"A":2}`, `{"":1,"":2}`,
		`{"a":{"":1,"":2},"b":1,"b":2}`, `{"tags":[null]}`, "{\"name\":\"\xff\"}", `{"name":"\ud800"}`, `[[[[`, `{} {}`, `{"amount":1e999}`,
	} {
		f.Add(seed, "application/json")
	}
	f.Add(`{}`, "text/plain")
	f.Add(`{}`, "application/json;;")
	f.Fuzz(func(t *testing.T, body, contentType string) {
		var got order
		c := call(body, "")
		c.Header["Content-Type"] = []string{contentType}
		err := c.Read(&got)
		if err == nil {
			return
		}
		e, ok := errors.AsType[*rest.Error](err)
		if !ok || !slices.Contains([]int{400, 413, 415}, e.Status) || len(e.Message) > 100 || len(e.Violations) > 1 {
			t.Fatalf("%#v", err)
		}
		for _, v := range e.Violations {
			if len(v.Path) > 64 || strings.ContainsFunc(v.Path, func(r rune) bool { return r > '~' || r < '.' && r != '-' }) {
				t.Fatalf("path %q", v.Path)
			}
		}
	})
}
