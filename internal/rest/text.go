package rest

import "net/http"

// WriteText answers with a text that is not JSON, under the rules of Write.
func WriteText(w http.ResponseWriter, status int, contentType, text string) {
	write(w, status, contentType, []byte(text))
}

// Begin answers with the head of a body of unknown length, which the caller writes after it. From here on a fault can only
// end the connection: panic with http.ErrAbortHandler.
func Begin(w http.ResponseWriter, status int, contentType string) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
}
