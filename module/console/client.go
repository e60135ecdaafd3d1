package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/doorward/doorward/module/console/session"
)

// maxAnswer bounds what is read of one answer of the API, in bytes. The longest page of a listing that the console asks
// for is far below.
const maxAnswer = 8 << 20

// Client calls Doorward's API in the same process, as the person who is signed in. It is for one request of that person.
type Client struct {
	api        http.Handler
	from       *http.Request
	credential *session.Credential
}

// Refusal is what the API answered instead of what was asked for. Everything in it may be shown to the person.
type Refusal struct {
	Status     int
	Message    string
	Violations []Violation
	RetryAfter string // seconds; "" for nothing said
	Decision   string // by which the gate's log knows the request; "" where it gave none
}

// Violation is one thing that is wrong with what was sent.
type Violation struct {
	Path     string `json:"path"` // "expirationDate", "scopes[2]"
	Message  string `json:"message"`
	Location string `json:"location"`
}

// Error is the API's sentence.
func (r *Refusal) Error() string { return fmt.Sprintf("%d: %s", r.Status, r.Message) }

// refused is the refusal in an error, nil for one of another kind.
func refused(err error) *Refusal {
	r, _ := errors.AsType[*Refusal](err)
	return r
}

// isRefusal reports whether the API answered with this status.
func isRefusal(err error, status int) bool {
	r := refused(err)
	return r != nil && r.Status == status
}

// NewClient is a client with a credential that need not belong to a session yet: signing in is a first call.
func NewClient(api http.Handler, from *http.Request, credential *session.Credential) *Client {
	return &Client{api: api, from: from, credential: credential}
}

// Get reads path, which is escaped and begins with a slash, into a value as JSON has it. The error is a *Refusal where the
// API refused.
func (c *Client) Get(path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.Call(http.MethodGet, path, nil, into)
}

// Call sends a body as JSON, nil for none, and reads the answer into a value, nil for an answer that is of no interest.
func (c *Client) Call(method, target string, body, into any) error {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return err
		}
	}
	answer, err := c.Do(method, target, "application/json", sent)
	if err != nil {
		return err
	}
	if into == nil || len(answer.Body) == 0 {
		return nil
	}
	return json.Unmarshal(answer.Body, into)
}

// Answer is one that the API gave with a status of success.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends bytes. The kind says what they are.
func (c *Client) Do(method, target, kind string, body []byte) (*Answer, error) {
	w, err := c.send(method, target, kind, body)
	if err != nil {
		return nil, err
	}
	if w.status < 200 || w.status > 299 {
		return nil, w.refusal()
	}
	return &Answer{Status: w.status, Header: w.header, Body: w.body.Bytes()}, nil
}

// Raw is an answer as it came, whatever its status. An error is a fault: there was none.
func (c *Client) Raw(method, target string) (status int, body []byte, err error) {
	w, err := c.send(method, target, "", nil)
	if err != nil {
		return 0, nil, err
	}
	return w.status, w.body.Bytes(), nil
}

func (c *Client) send(method, target, kind string, body []byte) (*recorder, error) {
	r, err := c.request(method, target, kind, body)
	if err != nil {
		return nil, err
	}
	w := &recorder{header: http.Header{}}
	return w, w.record(c.api, r)
}

// request comes from the address of the person and goes to the host that they called: the gate judges the one and chooses
// the environment by the other. Nothing else of the person's request is in it.
func (c *Client) request(method, target, kind string, body []byte) (*http.Request, error) {
	u, err := url.ParseRequestURI(target)
	if err != nil || u.Host != "" || !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
		return nil, fmt.Errorf("not a path of the API: %q", target)
	}
	r, err := http.NewRequestWithContext(c.from.Context(), method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.URL, r.RequestURI, r.Host = u, target, c.from.Host
	r.RemoteAddr, r.TLS = c.from.RemoteAddr, c.from.TLS
	for _, name := range forwarded {
		if values := c.from.Header.Values(name); len(values) > 0 {
			r.Header[name] = values
		}
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "Doorward-Console")
	if body != nil {
		r.Header.Set("Content-Type", kind)
	} else {
		r.Body = http.NoBody
	}
	if c.credential != nil {
		r.Header.Set("Authorization", c.credential.Scheme+" "+c.credential.Text.Reveal())
	}
	return r, nil
}

// forwarded are the headers in which a trusted proxy says where the person is. The gate believes them of nobody else.
var forwarded = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Traceparent", "Tracestate"}

// recorder takes an answer of the API in.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	broken error
}

var (
	errTooLong  = errors.New("the answer of the API is longer than the console reads")
	errBrokeOff = errors.New("the answer of the API broke off")
)

// record lets a handler write. One that ends an answer early does so by a panic, which is no reason to end the person's.
func (w *recorder) record(h http.Handler, r *http.Request) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			err = errBrokeOff
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if err := r.Context().Err(); errors.Is(err, context.Canceled) {
		return err // the person has gone
	}
	return w.broken
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.body.Len()+len(p) > maxAnswer {
		w.broken = errTooLong
		return 0, errTooLong
	}
	return w.body.Write(p)
}

// Flush is for handlers that stream; here everything arrives at once.
func (w *recorder) Flush() {}

var _ io.Writer = (*recorder)(nil)
