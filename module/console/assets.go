package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// assets are the files that pages load. Each is served under a name with its digest, so that it may be kept for ever: a
// new version has a new name. They are packed once, when the console is made; there are a few, of some ten KiB each.
type assets struct {
	served map[string]asset  // by the name with the digest
	names  map[string]string // "console.css" to the path under which it is served
}

type asset struct {
	kind           string
	plain, gzipped []byte
}

func packAssets() (*assets, error) {
	all := &assets{served: map[string]asset{}, names: map[string]string{}}
	files, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		content, err := assetFiles.ReadFile("assets/" + f.Name())
		if err != nil {
			return nil, err
		}
		packed, err := pack(content)
		if err != nil {
			return nil, err
		}
		name := digestName(f.Name(), content)
		all.served[name] = asset{kind: contentType(name), plain: content, gzipped: packed}
		all.names[f.Name()] = "/assets/" + name
	}
	return all, nil
}

// digestName puts the beginning of the digest before the ending: "console.0123456789abcdef.css".
func digestName(name string, content []byte) string {
	digest := sha256.Sum256(content)
	ending := path.Ext(name)
	return strings.TrimSuffix(name, ending) + "." + hex.EncodeToString(digest[:8]) + ending
}

// contentType does not ask the machine's own table, which may say anything.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.FormatMediaType("text/plain", map[string]string{"charset": "utf-8"})
}

func pack(content []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	err = w.Close()
	return packed.Bytes(), err
}

// ServeHTTP answers GET /assets/{name}. It needs no session: the sign-in page looks like the others.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one, known := a.served[r.PathValue("name")]
	if !known {
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	content := one.plain
	h := w.Header()
	h.Set("Content-Type", one.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		content = one.gzipped
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // a client that has gone needs no file
}
