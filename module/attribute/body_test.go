package attribute

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// closer notes whether it was closed.
type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

func post(body io.Reader, length int64) (*http.Request, *closer) {
	original := &closer{Reader: body}
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Body, r.ContentLength = original, length
	return r, original
}

// TestReadBodyForwards: the next handler reads what was decided on, to the byte, with a length instead of chunks, and
// closes what it would have closed.
func TestReadBodyForwards(t *testing.T) {
	const text = " [ {\"a\" : \"\\u0061\"} ]\r\n"
	for _, length := range []int64{int64(len(text)), -1} {
		r, original := post(iotest.OneByteReader(strings.NewReader(text)), length)
		r.TransferEncoding = []string{"chunked"}
		decided, err := ReadBody(r, 100)
		if err != nil {
			t.Fatal(err)
		}
		forwarded, err := io.ReadAll(r.Body)
		if string(decided) != text || string(forwarded) != text || err != nil {
			t.Errorf("decided on %q, forwarded %q (%v)", decided, forwarded, err)
		}
		if r.ContentLength != int64(len(text)) || r.TransferEncoding != nil {
			t.Errorf("forwarded with length %d and %q", r.ContentLength, r.TransferEncoding)
		}
		if err := r.Body.Close(); err != nil || !original.closed {
			t.Errorf("the original was not closed: %v", err)
		}
	}
}

func TestReadBodyRefuses(t *testing.T) {
	broken := errors.New("connection reset")
	tests := []struct {
		name   string
		body   io.Reader
		length int64
		want   ErrorKind
		cause  error
	}{
		{"announced too large", iotest.ErrReader(broken), 11, TooLarge, nil},
		{"turns out too large", strings.NewReader(strings.Repeat("x", 11)), -1, TooLarge, nil},
		{"too large for the server", iotest.ErrReader(&http.MaxBytesError{Limit: 5}), -1, TooLarge, nil},
		{"breaks off", io.MultiReader(strings.NewReader("[]"), iotest.ErrReader(io.ErrUnexpectedEOF)), -1, Truncated, io.ErrUnexpectedEOF},
		{"breaks", iotest.ErrReader(broken), 5, Truncated, broken},
		{"shorter than announced", strings.NewReader("[]"), 5, Truncated, nil},
	}
	for _, test := range tests {
		r, _ := post(test.body, test.length)
		data, err := ReadBody(r, 10)
		refused, ok := errors.AsType[*Error](err)
		if !ok || refused.Kind != test.want || data != nil || !errors.Is(err, test.cause) && test.cause != nil {
			t.Errorf("%s: got %q and %v, want kind %d", test.name, data, err, test.want)
		}
	}
}

// TestReadBodyTakesTheLimit: a body of exactly the limit is none too many.
func TestReadBodyTakesTheLimit(t *testing.T) {
	r, _ := post(strings.NewReader("0123456789"), -1)
	if data, err := ReadBody(r, 10); err != nil || string(data) != "0123456789" {
		t.Errorf("got %q and %v", data, err)
	}
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Body = body
		if data, err := ReadBody(r, 10); err != nil || len(data) != 0 || r.Body != body {
			t.Errorf("no body: got %q and %v", data, err)
		}
	}
}

// FuzzForward: a request of any body and any type is refused, or forwarded with the body that was decided on.
func FuzzForward(f *testing.F) {
	rule := &Rule{Permissions: []string{"a:b:c"}, MaxBody: 64, Attributes: []Binding{
		{Name: "a:x", Source: Source{Kind: FromBody, Name: "/*/x"}}, {Name: "a:y", List: true, Source: Source{Kind: FromBody, Name: "/*/y/*"}},
	}}
	plan, err := Compile(rule, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`[{"x":"1"}]`), "application/json", "", int64(-1))
	f.Add([]byte(`[{"x":"1","y":["2"]}]`), "application/json; charset=utf-8", "identity", int64(21))
	f.Add([]byte("\x1f\x8b"), "application/json", "gzip", int64(2))
	f.Add([]byte(strings.Repeat(" ", 65)), "", "", int64(-1))
	f.Fuzz(func(t *testing.T, body []byte, mediaType, coding string, length int64) {
		r, _ := post(bytes.NewReader(body), max(length, -1))
		r.Header["Content-Type"], r.Header["Content-Encoding"] = []string{mediaType}, []string{coding}
		questions, err := plan.Questions(proxied{fixed{}, r})
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok || questions != nil {
				t.Errorf("refused with %v and %v", err, questions)
			}
			return
		}
		forwarded, err := io.ReadAll(r.Body)
		if diff := cmp.Diff(body, forwarded); diff != "" || err != nil || len(body) > 64 {
			t.Errorf("forwarded (-want +got):\n%s%v", diff, err)
		}
		if len(questions) < 1 || len(questions) > MaxQuestions {
			t.Errorf("%d questions", len(questions))
		}
	})
}

// proxied is a request whose body is read as the gate does.
type proxied struct {
	fixed
	r *http.Request
}

func (p proxied) Body(limit int64) ([]byte, error) { return ReadBody(p.r, limit) }
