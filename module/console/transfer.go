package console

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// worthPacking is the size in bytes from which a page is sent compressed: below it fits into two packets anyway.
const worthPacking = 2 << 10

// packers are kept because each has some hundred KiB of tables.
var packers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is one
	return w
}}

// writeHTML sends a page. What an attacker can have repeated on a page, compressed together with a secret, tells of the
// secret by the length (the attack called BREACH). It takes many pages that the attacker makes a browser fetch, which a
// session cookie with SameSite=Strict does not come along with; a one-time secret is on one page only, and that one is not
// compressed.
func writeHTML(w http.ResponseWriter, r *http.Request, status int, text []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Encoding")
	if len(text) >= worthPacking && status != http.StatusCreated && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		text = packPage(text)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // a client that has gone needs no page
	}
}

// packPage cannot fail: it writes into memory.
func packPage(text []byte) []byte {
	var packed bytes.Buffer
	w, _ := packers.Get().(*gzip.Writer) //nolint:errcheck // the pool has nothing else
	defer packers.Put(w)
	w.Reset(&packed)
	_, _ = w.Write(text)
	_ = w.Close()
	return packed.Bytes()
}

// ownPath is a path of this console to go back to, the overview for whatever else a form sends: a browser takes "//host" and
// "/\host" for another site.
func ownPath(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(text, "/") ||
		strings.HasPrefix(text, "//") || strings.ContainsAny(text, "\\\r\n\t") {
		return "/"
	}
	return text
}
