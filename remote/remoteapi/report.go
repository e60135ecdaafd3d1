package remoteapi

import (
	"io"
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/remote/report"
)

// reportForm is one way to write a report.
type reportForm struct {
	contentType string
	write       func(io.Writer, report.Report) error
}

var reportForms = map[string]reportForm{
	"json": {rest.JSON, report.JSON},
	"text": {"text/plain; charset=utf-8", report.Text},
	"html": {"text/html; charset=utf-8", report.HTML},
}

// reportPolicy is for the report as a page: it holds what untrusted people have typed, on the host that serves the API, so
// nothing in it may run, load or be sent anywhere.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"

// report tells what was done with a request. It can be read whatever the setting is.
func (c Config) report(w http.ResponseWriter, call *rest.Call) error {
	query := call.Query()
	name := query.Text("format")
	if name == "" {
		name = "json"
	}
	form, known := reportForms[name]
	if !known {
		query.Refuse("format", "Expected json, text or html.")
	}
	if err := query.Err(); err != nil {
		return err
	}
	r, err := c.Service.Kept(call.Context(), call.Param(requestID))
	if err != nil {
		return err
	}
	made, err := c.Report(call.Context(), r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", reportPolicy)
	rest.Begin(w, http.StatusOK, form.contentType)
	if form.write(w, made) != nil {
		panic(http.ErrAbortHandler) // half a report must not look like a whole one
	}
	return nil
}
