package console

import (
	"net/http"
	"net/url"
)

// reportForm is one in which the API writes a report.
type reportForm struct {
	Name, Label, Kind string
	ending            string
}

// reportForms are those to download. The page for browsers is sent as bytes, which are saved and never shown from here: it
// has a style of its own, and what strangers typed.
var reportForms = []reportForm{
	{"html", "HTML", "application/octet-stream", ".html"}, {"text", "Text", "text/plain; charset=utf-8", ".txt"}, {"json", "JSON", "application/json", ".json"},
}

// download passes a report on as it is written. The longest would be too long to be kept.
func (f reportForm) download(v *visit) error {
	target := v.reportPath() + "?" + url.Values{"format": {f.Name}}.Encode()
	r, err := v.api.request(http.MethodGet, target, "", nil)
	if err != nil {
		return err
	}
	w := &passing{recorder: recorder{header: http.Header{}}, to: v.w}
	w.begin = func(h http.Header) {
		h.Set("Content-Type", f.Kind)
		h.Set("Content-Disposition", `attachment; filename="remote-access-`+fileName(v.r.PathValue("id"))+f.ending+`"`)
	}
	if v.api.api.ServeHTTP(w, r); w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.status != http.StatusOK {
		return w.refusal()
	}
	return nil
}

// fileName is an identifier as a part of the name of a file.
func fileName(id string) string {
	name := []byte(id[:min(len(id), 64)])
	for i, c := range name {
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			name[i] = '_'
		}
	}
	return string(name)
}

// passing hands on the body of an answer of success, and records any other.
type passing struct {
	recorder
	to    http.ResponseWriter
	begin func(http.Header) // before the first byte
}

func (p *passing) WriteHeader(status int) {
	first := p.status == 0
	p.recorder.WriteHeader(status)
	if first && p.status == http.StatusOK {
		p.begin(p.to.Header())
		p.to.WriteHeader(http.StatusOK)
	}
}

func (p *passing) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	if p.status != http.StatusOK {
		return p.recorder.Write(b)
	}
	return p.to.Write(b)
}
