// Package openapi describes everything that Doorward serves by itself, as an OpenAPI 3.1 document. A test runs every
// operation that it describes.
package openapi

import (
	_ "embed" // the document
	"net/http"
	"strconv"

	"github.com/doorward/doorward/internal/rest"
)

// Document is the description, in JSON.
//
//go:embed openapi.json
var Document []byte

// Operations serve the document. It says nothing about this installation, so everybody may read it.
func Operations() []rest.Operation {
	return []rest.Operation{{Method: http.MethodGet, Path: "/openapi.json", Serve: serve}}
}

func serve(w http.ResponseWriter, _ *rest.Call) error {
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(Document)))
	header.Set("Cache-Control", "public, max-age=300")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(Document) // a client that has gone needs no answer
	return nil
}
