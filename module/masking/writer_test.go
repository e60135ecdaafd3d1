package masking_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/masking"
)

const (
	secretDoc = `{"id": 1, "name": "secret"}`
	maskedDoc = `{"id":1,"*****":"*****"}`
	testLimit = 4 << 10
)

func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// answer is a response as a handler gives it.
func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const (
	contentType = "Content-Type"
	encoding    = "Content-Encoding"
	length      = "Content-Length"
	asJSON      = "application/json"
)

// run has a handler answer through a Writer, the way a gate does.
func run(t *testing.T, method string, handler http.HandlerFunc) (*httptest.ResponseRecorder, error) {
	t.Helper()
	recorder := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	err := masking.NewWriter(recorder, r, compile(t, "/id"), testLimit).
		Run(func(w http.ResponseWriter, r *http.Request) error {
			handler(w, r)
			if recorder.Body.Len() > 0 || len(recorder.Header()) > 0 {
				t.Errorf("before the end, this was sent: %v %q", recorder.Header(), recorder.Body)
			}
			return nil
		})
	return recorder, err
}

func TestWriter_masks(t *testing.T) {
	maskedHeader := func(mediaType string) http.Header {
		return http.Header{"Cache-Control": {"no-store"}, contentType: {mediaType}, length: {strconv.Itoa(len(maskedDoc))}}
	}
	for name, c := range map[string]struct {
		status    int
		handler   http.HandlerFunc
		mediaType string
	}{
		"JSON":             {200, answer(200, secretDoc, contentType, asJSON), asJSON},
		"JSON by suffix":   {200, answer(200, secretDoc, contentType, "application/vnd.a.v2+json"), "application/vnd.a.v2+json"},
		"charset":          {200, answer(200, secretDoc, contentType, "Application/JSON; charset=UTF-8"), asJSON},
		"parameter":        {200, answer(200, secretDoc, contentType, "application/json; name=secret"), asJSON},
		"declared length":  {200, answer(200, secretDoc, contentType, asJSON, length, strconv.Itoa(len(secretDoc))), asJSON},
		"identity":         {200, answer(200, secretDoc, contentType, asJSON, encoding, "identity"), asJSON},
		"gzip":             {200, answer(200, packed(secretDoc), contentType, asJSON, encoding, "gzip"), asJSON},
		"gzip, old name":   {200, answer(200, packed(secretDoc), contentType, asJSON, encoding, " X-GZIP "), asJSON},
		"gzip, in two":     {200, answer(200, packed(secretDoc[:9])+packed(secretDoc[9:]), contentType, asJSON, encoding, "gzip"), asJSON},
		"created":          {201, answer(201, secretDoc, contentType, asJSON), asJSON},
		"refused":          {403, answer(403, secretDoc, contentType, "application/problem+json"), "application/problem+json"},
		"upstream's fault": {513, answer(513, secretDoc, contentType, asJSON), asJSON},
		"at the limit":     {200, answer(200, secretDoc+strings.Repeat(" ", testLimit-len(secretDoc)), contentType, asJSON), asJSON},
		"status implied": {200, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(contentType, asJSON)
			for _, c := range []byte(secretDoc) {
				_, _ = w.Write([]byte{c})
			}
		}, asJSON},
		"second status": {200, func(w http.ResponseWriter, r *http.Request) {
			answer(200, secretDoc, contentType, asJSON)(w, r)
			w.WriteHeader(http.StatusInternalServerError)
			w.Header().Set("Server", "late")
		}, asJSON},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, http.MethodGet, c.handler)
			if err != nil {
				t.Fatal(err)
			}
			if got.Code != c.status || got.Body.String() != maskedDoc {
				t.Errorf("got %d %s; want %d %s", got.Code, got.Body, c.status, maskedDoc)
			}
			if diff := cmp.Diff(maskedHeader(c.mediaType), got.Header()); diff != "" {
				t.Errorf("header (-want +got)\n%s", diff)
			}
		})
	}
}

// Attack: staff ask an endpoint in a way that makes its upstream answer with something that looks like JSON and is read as
// something else, or that cannot be read to its end. Fix: the Writer refuses every response of which it is not certain.
// Invariant: then nothing was sent, neither a header, and the error does not quote the response.
func TestWriter_refuses(t *testing.T) {
	long := `"` + strings.Repeat("secret", testLimit) + `"`
	for name, handler := range map[string]http.HandlerFunc{
		"no type":                       answer(200, secretDoc),
		"text":                          answer(200, secretDoc, contentType, "text/plain"),
		"lines of JSON":                 answer(200, secretDoc, contentType, "application/x-ndjson"),
		"text that ends in json":        answer(200, secretDoc, contentType, "text/x+json"),
		"malformed type":                answer(200, secretDoc, contentType, "application/json;;secret"),
		"two types":                     answer(200, secretDoc, contentType, asJSON, contentType, "text/html"),
		"other charset":                 answer(200, secretDoc, contentType, "application/json; charset=utf-16"),
		"event stream":                  answer(200, "data: secret\n\n", contentType, "text/event-stream"),
		"empty of unknown length":       answer(200, "", contentType, "text/html"),
		"brotli":                        answer(200, secretDoc, contentType, asJSON, encoding, "br"),
		"gzip twice":                    answer(200, packed(packed(secretDoc)), contentType, asJSON, encoding, "gzip, gzip"),
		"gzip on two lines":             answer(200, packed(packed(secretDoc)), contentType, asJSON, encoding, "gzip", encoding, "gzip"),
		"not gzip":                      answer(200, secretDoc, contentType, asJSON, encoding, "gzip"),
		"gzip unannounced":              answer(200, packed(secretDoc), contentType, asJSON),
		"gzip cut off":                  answer(200, packed(secretDoc)[:30], contentType, asJSON, encoding, "gzip"),
		"gzip and more":                 answer(200, packed(secretDoc)+"secret", contentType, asJSON, encoding, "gzip"),
		"gzip of a large body":          answer(200, packed(secretDoc+strings.Repeat(" ", 1<<20)), contentType, asJSON, encoding, "gzip"),
		"too long":                      answer(200, long, contentType, asJSON),
		"announced as too long":         answer(200, secretDoc, contentType, asJSON, length, "99999999"),
		"shorter than announced":        answer(200, secretDoc, contentType, asJSON, length, "99"),
		"longer than announced":         answer(200, secretDoc, contentType, asJSON, length, "9"),
		"more than no body":             answer(200, secretDoc, length, "0"),
		"nothing of what was announced": answer(200, "", contentType, asJSON, length, "27"),
		"length in words":               answer(200, secretDoc, contentType, asJSON, length, "+27"),
		"two lengths":                   answer(200, secretDoc, contentType, asJSON, length, "27", length, "27"),
		"part":                          answer(206, `"secret"`, contentType, asJSON, "Content-Range", "bytes 20-27/99"),
		"switched protocols":            answer(101, "secret"),
		"impossible status":             answer(0, secretDoc, contentType, asJSON),
		"broken JSON":                   answer(200, secretDoc[:20], contentType, asJSON),
		"empty JSON":                    answer(200, " ", contentType, asJSON),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, http.MethodGet, handler)
			if !errors.Is(err, masking.ErrUnmaskable) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want it to be refused", err)
			}
			if got.Body.Len() > 0 || len(got.Header()) > 0 || got.Flushed {
				t.Errorf("this was sent: %v %q", got.Header(), got.Body)
			}
		})
	}
}

func TestWriter_passesWhatHasNoBody(t *testing.T) {
	for name, c := range map[string]struct {
		method  string
		handler http.HandlerFunc
		want    http.Header
	}{
		"no content":   {"GET", answer(204, "", "Etag", "secret"), http.Header{}},
		"not modified": {"GET", answer(304, "", "Etag", "secret", contentType, "text/html"), http.Header{}},
		"empty":        {"PUT", answer(200, "", contentType, "text/plain", length, "0"), http.Header{length: {"0"}}},
		"empty JSON":   {"PUT", answer(200, "", contentType, asJSON), http.Header{length: {"0"}}},
		"untyped":      {"PUT", answer(200, ""), http.Header{length: {"0"}}},
		"silent":       {"GET", func(http.ResponseWriter, *http.Request) {}, http.Header{length: {"0"}}},
		"redirect":     {"GET", answer(302, "", "Location", "/secret"), http.Header{length: {"0"}}},
		// The length of what is masked is a fact about it.
		"head":           {"HEAD", answer(200, "", contentType, asJSON, length, "27"), http.Header{contentType: {asJSON}}},
		"head of a page": {"HEAD", answer(200, "secret", contentType, "text/html", length, "6"), http.Header{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, c.method, c.handler)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Set("Cache-Control", "no-store")
			if diff := cmp.Diff(c.want, got.Header()); diff != "" || got.Body.Len() > 0 {
				t.Errorf("body %q, header (-want +got)\n%s", got.Body, diff)
			}
		})
	}
	var notAllowed error
	_, err := run(t, "GET", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		_, notAllowed = w.Write([]byte("secret"))
	})
	if err != nil || !errors.Is(notAllowed, http.ErrBodyNotAllowed) {
		t.Errorf("body of a 204: %v, %v", notAllowed, err)
	}
}

// Attack: what the body hides is read off the header: the name of a file, the address of what was created, a digest against
// which guesses are tried, a trailer, a link of an early hint. Fix: only what is known to say nothing passes. Invariant: no
// field of the upstream that is not on the list is sent; what the site had set is sent as the site had set it.
func TestWriter_header(t *testing.T) {
	recorder := httptest.NewRecorder()
	recorder.Header().Set("X-Site", "ours")
	recorder.Header().Set("Server", "ours")
	recorder.Header().Set("Etag", "ours")
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	w := masking.NewWriter(recorder, r, compile(t, "/id"), testLimit)
	err := w.Run(func(w http.ResponseWriter, r *http.Request) error {
		for _, name := range []string{
			"Location", "Link", "Set-Cookie", "Content-Disposition", "Etag", "Last-Modified", "Digest", "Repr-Digest", "Content-Md5",
			"Content-Digest", "Content-Location", "Server-Timing", "X-User", "X-Site", "Accept-Ranges", "Expires", "Cache-Control",
			"Trailer", http.TrailerPrefix + "X-Sum", "Warning", "Refresh",
		} {
			w.Header().Add(name, "secret")
		}
		w.Header().Del("Server")
		w.Header().Add("Vary", "Origin")
		w.Header().Add("Access-Control-Allow-Origin", "https://a.test")
		w.Header().Add("Retry-After", "5")
		answer(200, secretDoc, contentType, asJSON)(w, r)
		w.Header().Add("X-Sum", "secret")
		w.Header().Add("Vary", "secret")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{
		"X-Site": {"ours"}, "Vary": {"Origin"}, "Access-Control-Allow-Origin": {"https://a.test"}, "Retry-After": {"5"},
		contentType: {asJSON}, length: {strconv.Itoa(len(maskedDoc))}, "Cache-Control": {"no-store"},
	}
	if diff := cmp.Diff(want, recorder.Result().Header); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if trailer := recorder.Result().Trailer; len(trailer) > 0 {
		t.Errorf("trailer %v", trailer)
	}
}

// fast is what net/http's writers offer beyond ResponseWriter. It fails the test when any of it is used.
type fast struct {
	*httptest.ResponseRecorder
	t *testing.T
}

func (f fast) ReadFrom(io.Reader) (int64, error) {
	f.t.Error("ReadFrom reached the client")
	return 0, nil
}
func (f fast) FlushError() error { f.t.Error("Flush reached the client"); return nil }
func (f fast) Push(string, *http.PushOptions) error {
	f.t.Error("Push reached the client")
	return nil
}

// Attack: a proxy copies, flushes, pushes or takes over the connection on a way around Write. Fix: the Writer offers none of
// these, and does not unwrap. Invariant: nothing is sent before Finish.
func TestWriter_hasNoWayAround(t *testing.T) {
	recorder := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	w := masking.NewWriter(fast{recorder, t}, r, compile(t, "/id"), 0)
	var rw http.ResponseWriter = w
	for name, offered := range map[string]bool{
		"Unwrap":   is[interface{ Unwrap() http.ResponseWriter }](rw),
		"Hijack":   is[http.Hijacker](rw),
		"ReadFrom": is[io.ReaderFrom](rw),
		"Push":     is[http.Pusher](rw),
	} {
		if offered {
			t.Errorf("%s is offered", name)
		}
	}
	w.Header().Set(contentType, asJSON)
	if _, err := io.Copy(w, strings.NewReader(secretDoc)); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	if err := http.NewResponseController(w).Flush(); err != nil {
		t.Error(err)
	}
	if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("Hijack: %v", err)
	}
	if recorder.Body.Len() > 0 || len(recorder.Header()) > 0 {
		t.Fatalf("before Finish, this was sent: %v %q", recorder.Header(), recorder.Body)
	}
	for range 2 {
		if err := w.Finish(); err != nil || recorder.Body.String() != maskedDoc {
			t.Errorf("got %q, %v", recorder.Body, err)
		}
	}
	if _, err := w.Write([]byte("1")); err == nil {
		t.Error("after Finish, more was taken")
	}
}

func is[T any](v any) bool { _, ok := v.(T); return ok }

func TestWriter_boundsInformational(t *testing.T) {
	counter := &statuses{ResponseRecorder: httptest.NewRecorder()}
	w := masking.NewWriter(counter, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), compile(t), 0)
	for range 100 {
		w.WriteHeader(http.StatusEarlyHints)
	}
	w.WriteHeader(http.StatusNoContent)
	w.WriteHeader(http.StatusEarlyHints)
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	if len(counter.all) != 17 || counter.all[16] != 204 {
		t.Errorf("sent %v, want 16 early hints and 204", counter.all)
	}
}

type statuses struct {
	*httptest.ResponseRecorder
	all []int
}

func (s *statuses) WriteHeader(status int) { s.all = append(s.all, status) }

func TestWriter_Run_failures(t *testing.T) {
	failed := errors.New("failed")
	start := func() (*httptest.ResponseRecorder, *masking.Writer) {
		recorder := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		return recorder, masking.NewWriter(recorder, r, compile(t), testLimit)
	}
	t.Run("of the handler", func(t *testing.T) {
		recorder, w := start()
		err := w.Run(func(w http.ResponseWriter, r *http.Request) error {
			answer(200, secretDoc, contentType, asJSON)(w, r)
			return failed
		})
		if !errors.Is(err, failed) || recorder.Body.Len() > 0 || len(recorder.Header()) > 0 {
			t.Errorf("got %v and %q", err, recorder.Body)
		}
	})
	t.Run("by the header alone", func(t *testing.T) {
		for _, header := range [][]string{
			{contentType, "text/event-stream"}, {contentType, asJSON, length, "99999999"}, {contentType, asJSON, encoding, "br"},
		} {
			_, w := start()
			err := w.Run(func(w http.ResponseWriter, r *http.Request) error {
				answer(200, "", header...)(w, r)
				<-r.Context().Done() // nothing of the body has to come
				return r.Context().Err()
			})
			if !errors.Is(err, masking.ErrUnmaskable) {
				t.Errorf("%q: got %v", header, err)
			}
		}
	})
	t.Run("after a refusal", func(t *testing.T) {
		_, w := start()
		err := w.Run(func(w http.ResponseWriter, r *http.Request) error {
			answer(200, secretDoc)(w, r)
			<-r.Context().Done() // the refusal ends it
			return failed
		})
		if !errors.Is(err, masking.ErrUnmaskable) {
			t.Errorf("got %v", err)
		}
	})
	for name, c := range map[string]struct {
		response http.HandlerFunc
		panics   error
		want     error // of Run; nil where the panic goes on
	}{
		"breaks off a refused one": {answer(200, secretDoc), http.ErrAbortHandler, masking.ErrUnmaskable},
		"breaks off":               {answer(200, secretDoc, contentType, asJSON), http.ErrAbortHandler, nil},
		"bug after a refusal":      {answer(200, secretDoc), failed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			recorder, w := start()
			var err error
			panicked := catch(func() {
				err = w.Run(func(w http.ResponseWriter, r *http.Request) error {
					c.response(w, r)
					panic(c.panics)
				})
			})
			if (panicked == nil) != (c.want != nil) || !errors.Is(err, c.want) || recorder.Body.Len() > 0 {
				t.Errorf("got %v, panic %v and %q", err, panicked, recorder.Body)
			}
		})
	}
}

func catch(f func()) (panicked any) {
	defer func() { panicked = recover() }()
	f()
	return nil
}

func TestPrepareRequest(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "PUT"} {
		r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
		for _, name := range []string{
			"Accept-Encoding", "Range", "If-Range", "Te", "Upgrade", "A-Im", "If-Match", "If-None-Match", "If-Modified-Since",
			"If-Unmodified-Since", "Accept",
		} {
			r.Header.Set(name, "x")
		}
		masking.PrepareRequest(r)
		want := http.Header{"Accept-Encoding": {"identity"}, "Accept": {"x"}}
		if method == "PUT" {
			for _, condition := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
				want.Set(condition, "x")
			}
		}
		if diff := cmp.Diff(want, r.Header); diff != "" {
			t.Errorf("%s (-want +got)\n%s", method, diff)
		}
	}
}

// Invariant: however a body is cut into pieces and whatever its length, the Writer sends it masked or nothing.
func FuzzWriter(f *testing.F) {
	f.Add([]byte(secretDoc), asJSON, "", uint8(3))
	f.Add([]byte(packed(secretDoc)), asJSON, "gzip", uint8(7))
	f.Add([]byte(secretDoc), "application/x+json; charset=utf-8", "identity", uint8(0))
	plan, err := masking.Compile([]string{"/id"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, mediaType, coding string, piece uint8) {
		recorder := httptest.NewRecorder()
		w := masking.NewWriter(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), plan, testLimit)
		w.Header().Set(contentType, mediaType)
		w.Header().Set(encoding, coding)
		for rest := body; len(rest) > 0; {
			n := min(len(rest), int(piece)+1)
			_, _ = w.Write(rest[:n])
			rest = rest[n:]
		}
		err := w.Finish()
		if err != nil {
			if !errors.Is(err, masking.ErrUnmaskable) || recorder.Body.Len() > 0 || len(recorder.Header()) > 0 {
				t.Fatalf("%v, and yet this was sent: %v %q", err, recorder.Header(), recorder.Body)
			}
			return
		}
		if got := recorder.Header().Get(length); got != fmt.Sprint(recorder.Body.Len()) {
			t.Errorf("length %s of %d bytes", got, recorder.Body.Len())
		}
		if recorder.Body.Len() > 0 {
			var again bytes.Buffer
			if err := plan.JSON(&again, recorder.Body.Bytes()); err != nil || again.String() != recorder.Body.String() {
				t.Errorf("sent %q, which masked again is %q, %v", recorder.Body, &again, err)
			}
		}
	})
}
