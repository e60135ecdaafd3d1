package masking

import (
	"errors"
	"mime"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

// passing are the fields of a masked response that say how to treat it, and nothing of what it is about. No other field of
// the upstream is shown: Location, Link, Content-Disposition, Set-Cookie or one of its own may name what the body hides, and
// ETag, Digest or Last-Modified let a reader try guesses at it.
var passing = map[string]bool{
	"Access-Control-Allow-Credentials": true,
	"Access-Control-Allow-Headers":     true,
	"Access-Control-Allow-Methods":     true,
	"Access-Control-Allow-Origin":      true,
	"Access-Control-Expose-Headers":    true,
	"Access-Control-Max-Age":           true,
	"Allow":                            true,
	"Alt-Svc":                          true,
	"Content-Security-Policy":          true,
	"Cross-Origin-Embedder-Policy":     true,
	"Cross-Origin-Opener-Policy":       true,
	"Cross-Origin-Resource-Policy":     true,
	"Date":                             true,
	"Deprecation":                      true,
	"Permissions-Policy":               true,
	"Ratelimit":                        true,
	"Ratelimit-Policy":                 true,
	"Referrer-Policy":                  true,
	"Retry-After":                      true,
	"Server":                           true,
	"Strict-Transport-Security":        true,
	"Sunset":                           true,
	"Vary":                             true,
	"Via":                              true,
	"X-Content-Type-Options":           true,
	"X-Frame-Options":                  true,
	"X-Ratelimit-Limit":                true,
	"X-Ratelimit-Remaining":            true,
	"X-Ratelimit-Reset":                true,
	"X-Robots-Tag":                     true,
}

// describing are the fields about a body, which is another one now. They are not taken from the site either.
var describing = []string{
	"Accept-Ranges", "Age", "Cache-Control", "Content-Digest", "Content-Disposition", "Content-Encoding", "Content-Length",
	"Content-Location", "Content-Md5", "Content-Range", "Content-Type", "Digest", "Etag", "Expires", "Last-Modified", "Pragma",
	"Repr-Digest", "Trailer", "Transfer-Encoding",
}

// maskedHeader is the header of a masked response: of the upstream's what passes, of what the site had set before the
// request was forwarded the rest. Trailers, announced or not, are in neither.
func maskedHeader(site, upstream http.Header) http.Header {
	masked := make(http.Header, len(upstream))
	for name, values := range upstream {
		switch {
		case passing[name]:
			masked[name] = values
		case slices.Contains(describing, name) || strings.HasPrefix(name, http.TrailerPrefix):
		case site[name] != nil:
			masked[name] = site[name]
		}
	}
	// What one reader may see is not to be kept for another.
	masked["Cache-Control"] = []string{"no-store"}
	return masked
}

// jsonType is the media type of a JSON body, without parameters (they may hold anything); "" for any other body and for one
// that is not in UTF-8.
func jsonType(header http.Header) string {
	lines := header["Content-Type"]
	if len(lines) != 1 {
		return ""
	}
	mediaType, params, err := mime.ParseMediaType(lines[0])
	isJSON := mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
	if charset, given := params["charset"]; err != nil || !isJSON || given && !strings.EqualFold(charset, "utf-8") {
		return ""
	}
	return mediaType
}

// coding is how a body is compressed.
type coding uint8

const (
	codingUnknown coding = iota
	codingIdentity
	codingGzip
)

// contentCoding is the one coding of a body. Several on top of one another are unknown.
func contentCoding(header http.Header) coding {
	lines := header["Content-Encoding"]
	if len(lines) > 1 {
		return codingUnknown
	}
	switch strings.ToLower(textproto.TrimString(strings.Join(lines, ""))) {
	case "", "identity":
		return codingIdentity
	case "gzip", "x-gzip":
		return codingGzip
	}
	return codingUnknown
}

// unannounced is the length of a body that comes in chunks, or ends with the connection.
const unannounced = -1

// announcedLength is the Content-Length, or unannounced. Several lengths are refused even where they agree: no proxy in good
// order sends them.
func announcedLength(header http.Header) (int64, error) {
	lines := header["Content-Length"]
	if len(lines) == 0 {
		return unannounced, nil
	}
	n, err := strconv.ParseUint(lines[0], 10, 63)
	if err != nil || len(lines) > 1 {
		return 0, errors.New("no one length")
	}
	return int64(n), nil
}
