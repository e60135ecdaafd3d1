package masking

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// DefaultLimit is how many bytes of a body a Writer holds back, before and after it was decompressed.
const DefaultLimit = 8 << 20

// maxInformational bounds the 1xx responses to one request.
const maxInformational = 16

// Writer is the http.ResponseWriter of one response that is to be masked. Of what a handler writes to it, nothing but the
// status of 1xx responses gets any further before Finish: it cannot be flushed, hijacked or unwrapped.
//
// Masked are JSON responses of every status, plain or in gzip. A response without a body passes, its header masked. What
// remains is refused, as soon as that is certain: other types and codings, parts (206), other protocols (101), bodies
// that are too long, cut off or not as Plan.JSON wants them.
type Writer struct {
	w      http.ResponseWriter
	r      *http.Request
	plan   *Plan
	limit  int
	cancel context.CancelCauseFunc // of the handler's request; nil outside Run

	header        http.Header // what the handler sees: the site's, to which it adds
	masked        http.Header // what is left of header; nil before WriteHeader
	status        int         // 0 before WriteHeader
	announced     int64       // bytes, or unannounced
	coding        coding
	body          bytes.Buffer // never over limit
	informational int
	refusal       error // why the response is refused; wraps ErrUnmaskable
	over          bool  // finished or abandoned
}

// NewWriter makes the writer of the response to r, which is shown by plan on w. A limit of 0 is DefaultLimit. A masked body
// takes up to about four times the limit, where every element of an array is a digit.
//
// What w's header holds stays there and is answered with; the handler's additions get there in Finish.
func NewWriter(w http.ResponseWriter, r *http.Request, plan *Plan, limit int) *Writer {
	if limit <= 0 {
		limit = DefaultLimit
	}
	header := w.Header().Clone()
	if header == nil {
		header = http.Header{}
	}
	return &Writer{w: w, r: r, plan: plan, limit: limit, header: header, announced: unannounced}
}

// Run prepares the request, has it answered by next, and finishes or abandons the response. The error wraps ErrUnmaskable or
// is that of next; in both cases nothing was sent but 1xx, so that the caller can answer by itself.
//
// A response that is refused is ended by the context of its request, so that an event stream or a long download does not
// go on unseen. Run takes the panic with which a proxy breaks off a response for what it is then: ours.
func (w *Writer) Run(next func(http.ResponseWriter, *http.Request) error) error {
	ctx, cancel := context.WithCancelCause(w.r.Context())
	defer cancel(nil)
	w.cancel = cancel
	PrepareRequest(w.r)
	err := w.answer(next, w.r.WithContext(ctx))
	if err != nil && w.refusal == nil {
		w.Abandon()
		return err
	}
	return w.Finish()
}

func (w *Writer) answer(next func(http.ResponseWriter, *http.Request) error, r *http.Request) error {
	defer func() {
		panicked := recover()
		if panicked == nil {
			return
		}
		// A proxy panics when it cannot write on. After a refusal that is because Write said so, and the client gets the
		// caller's answer; any other panic is somebody else's.
		if err, ok := panicked.(error); ok && errors.Is(err, http.ErrAbortHandler) && w.refusal != nil {
			return
		}
		w.Abandon()
		panic(panicked)
	}()
	return next(w, r)
}

// Header is the header that the handler adds to.
func (w *Writer) Header() http.Header { return w.header }

// WriteHeader notes the status. A 1xx response passes without what the upstream says in it.
func (w *Writer) WriteHeader(status int) {
	switch {
	case w.over || w.status != 0 || w.refusal != nil:
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		if w.informational++; w.informational <= maxInformational {
			w.w.WriteHeader(status)
		}
	case status < 200 || status > 999 || status == http.StatusPartialContent:
		w.refuse("its status is " + strconv.Itoa(status))
	default:
		w.status = status
		w.readHeader()
	}
}

// readHeader settles the header, and refuses what no body can mend.
func (w *Writer) readHeader() {
	var err error
	if w.announced, err = announcedLength(w.header); err != nil {
		w.refuse("its length is announced in several ways")
		return
	}
	w.masked = maskedHeader(w.w.Header(), w.header)
	w.coding = contentCoding(w.header)
	mediaType := jsonType(w.header)
	if mediaType != "" {
		w.masked["Content-Type"] = []string{mediaType}
	}
	// An empty body is no document, whatever its type says; most upstreams give one to errors and to changes.
	switch {
	case !w.mayHaveBody() || w.announced == 0:
	case w.announced > int64(w.limit):
		w.refuse("its body is too long")
	case mediaType == "" && (w.announced > 0 || len(w.header["Content-Type"]) > 0):
		w.refuse("its body is not JSON in UTF-8")
	case w.coding == codingUnknown:
		w.refuse("its body is in a content coding other than gzip")
	}
}

// mayHaveBody is false where HTTP has none (RFC 9110 section 6.4.1).
func (w *Writer) mayHaveBody() bool {
	return w.r.Method != http.MethodHead && w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

// Write holds bytes of the body back. Once the response is refused it returns the reason, and http.ErrBodyNotAllowed where
// there can be no body.
func (w *Writer) Write(p []byte) (int, error) {
	if w.over {
		return 0, http.ErrHandlerTimeout
	}
	w.WriteHeader(http.StatusOK)
	switch {
	case w.refusal != nil:
	case w.r.Method == http.MethodHead:
		return len(p), nil // as net/http does
	case !w.mayHaveBody():
		return 0, http.ErrBodyNotAllowed
	case len(p) > w.limit-w.body.Len():
		w.refuse("its body is too long")
	case len(p) > 0 && w.masked["Content-Type"] == nil:
		w.refuse("its body is not JSON in UTF-8")
	default:
		if w.body.Len() == 0 && w.announced > 0 {
			w.body.Grow(int(w.announced)) // at most limit
		}
		return w.body.Write(p)
	}
	return 0, w.refusal
}

// Flush does nothing: there is nothing yet that may be sent.
func (w *Writer) Flush() {}

// FlushError is Flush for http.ResponseController.
func (w *Writer) FlushError() error { return nil }

// refuse drops what was held back and ends the request.
func (w *Writer) refuse(why string) {
	w.refusal, w.body = fmt.Errorf("%w: %s", ErrUnmaskable, why), bytes.Buffer{}
	if w.cancel != nil {
		w.cancel(w.refusal)
	}
}

// Abandon drops a response that its handler could not finish. Nothing of it was sent. It may be deferred: after Finish it
// does nothing. After it, Finish sends nothing and returns nil, or the reason of a refusal.
func (w *Writer) Abandon() {
	w.over, w.body = true, bytes.Buffer{}
}

// Finish sends the response, masked, or returns why it cannot be: an error that wraps ErrUnmaskable, and then nothing was
// sent. It is for a handler that has returned without an error. Whether a client took the response is not reported.
func (w *Writer) Finish() error {
	if w.over || w.refusal != nil {
		w.over = true
		return w.refusal
	}
	w.WriteHeader(http.StatusOK)
	body, err := w.maskedBody()
	w.Abandon()
	if err != nil {
		w.refusal = err
		return err
	}
	// Now that it is certain, and not earlier: a caller that answers by itself finds the header as it was.
	header := w.w.Header()
	clear(header)
	for name, values := range w.masked {
		header[name] = values
	}
	if w.mayHaveBody() {
		header["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.w.WriteHeader(w.status)
	if len(body) > 0 {
		_, _ = w.w.Write(body)
	}
	return nil
}

// maskedBody is nil for a response without a body.
func (w *Writer) maskedBody() ([]byte, error) {
	switch {
	case w.refusal != nil:
		return nil, w.refusal
	case !w.mayHaveBody():
		return nil, nil
	// What breaks off may still be a document: 12 of 123.
	case w.announced != unannounced && w.announced != int64(w.body.Len()):
		return nil, fmt.Errorf("%w: its body has not the announced length", ErrUnmaskable)
	case w.body.Len() == 0:
		delete(w.masked, "Content-Type") // of nothing
		return nil, nil
	}
	body := w.body.Bytes()
	if w.coding == codingGzip {
		var err error
		if body, err = w.decompress(body); err != nil {
			return nil, err
		}
	}
	return w.plan.masked(body)
}

// decompress stops at the limit, however much a few bytes claim to be.
func (w *Writer) decompress(body []byte) ([]byte, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: its body is not gzip", ErrUnmaskable)
	}
	plain, err := io.ReadAll(io.LimitReader(unpacked, int64(w.limit)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: its body is not gzip", ErrUnmaskable)
	case len(plain) > w.limit:
		return nil, fmt.Errorf("%w: its body is too long", ErrUnmaskable)
	}
	return plain, nil
}
