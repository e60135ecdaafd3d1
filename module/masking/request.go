package masking

import "net/http"

// PrepareRequest takes out of a request's header what would make a response one that cannot be masked, or an oracle for what
// is masked: compression, ranges, trailers, deltas, upgrades and, of GET and HEAD, conditions. Conditions of other methods
// stay, because without them one writer would overwrite what another one wrote.
func PrepareRequest(r *http.Request) {
	// Said outright: where there is no such header, Go's transport asks for gzip.
	r.Header["Accept-Encoding"] = []string{"identity"}
	for _, name := range []string{"A-Im", "If-Range", "Range", "Te", "Upgrade"} {
		delete(r.Header, name)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return
	}
	for _, name := range []string{"If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since"} {
		delete(r.Header, name)
	}
}
