package attribute

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

func errTooLarge(limit int64) *Error {
	return &Error{Kind: TooLarge, Public: fmt.Sprintf("The body is larger than %d bytes", limit)}
}

// ReadBody reads the body of a request whole, and puts the same bytes back for the next handler. It must be called only
// for a plan that asks for the body: everything else is forwarded as it streams in. The error is an *Error.
//
// A body that is not plain UTF-8 JSON by its headers is refused unread: what a compressed one holds, or one in another
// charset, only the upstream would see.
func ReadBody(r *http.Request, limit int64) ([]byte, error) {
	if err := checkEncoding(r.Header); err != nil {
		return nil, err
	}
	if err := checkType(r.Header); err != nil {
		return nil, err
	}
	if r.ContentLength > limit {
		return nil, errTooLarge(limit)
	}
	if r.Body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, errTooLarge(limit)
	}
	if err != nil {
		return nil, &Error{Kind: Truncated, Public: "The body could not be read to its end", Cause: err}
	}
	if int64(len(data)) > limit {
		return nil, errTooLarge(limit)
	}
	if r.ContentLength >= 0 && int64(len(data)) != r.ContentLength {
		return nil, &Error{Kind: Truncated, Public: "The body is shorter than it was announced"}
	}
	// What is whole needs no chunks any more: with a length, the upstream cannot see another end than we did.
	r.ContentLength, r.TransferEncoding = int64(len(data)), nil
	if len(data) > 0 {
		r.Body = &replay{bytes.NewReader(data), r.Body}
	}
	return data, nil
}

// replay is a body that was read already. Closing it closes the original.
type replay struct {
	*bytes.Reader
	io.Closer
}

func checkEncoding(h http.Header) error {
	for _, line := range h["Content-Encoding"] {
		for coding := range strings.SplitSeq(line, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
				return &Error{Kind: Unsupported, Public: "The endpoint is decided by its body, which must not be compressed"}
			}
		}
	}
	return nil
}

// checkType admits JSON and, because many clients leave it out, no type at all. Under any other type an upstream may
// find something else in the same bytes.
func checkType(h http.Header) error {
	lines := h["Content-Type"]
	if len(lines) == 0 {
		return nil
	}
	mediaType, params, err := mime.ParseMediaType(lines[0])
	isJSON := mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
	if err != nil || len(lines) > 1 || !isJSON {
		return &Error{Kind: Unsupported, Public: "The endpoint is decided by its body, which must be application/json"}
	}
	if charset, given := params["charset"]; given && !strings.EqualFold(charset, "utf-8") {
		return &Error{Kind: Unsupported, Public: "The endpoint is decided by its body, which must be in UTF-8"}
	}
	return nil
}
