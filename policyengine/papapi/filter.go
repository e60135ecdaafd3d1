package papapi

import (
	"net/url"
	"strings"

	"github.com/doorward/doorward/internal/rest"
)

// filters are the pairs parameters[name]=value and metadata[name]=value of a query; nil where it has none of a kind. They
// select bindings that have exactly these.
func filters(call *rest.Call) (parameters, metadata map[string]string, err error) {
	q := call.Query()
	if err := q.Err(); err != nil {
		return nil, nil, err // a malformed query is refused as a whole: a pair less would select more
	}
	for name := range call.URL.Query() {
		kind, key, ok := bracketed(name)
		if !ok {
			if strings.HasPrefix(name, "parameters") || strings.HasPrefix(name, "metadata") {
				q.Refuse(shown(name), "Expected parameters[name]=value or metadata[name]=value.")
			}
			continue
		}
		pairs := &parameters
		if kind == "metadata" {
			pairs = &metadata
		}
		if *pairs == nil {
			*pairs = map[string]string{}
		}
		(*pairs)[key] = q.Text(name)
	}
	return parameters, metadata, q.Err()
}

// bracketed takes the name of a parameter such as metadata[team] apart.
func bracketed(name string) (kind, key string, ok bool) {
	kind, rest, found := strings.Cut(name, "[")
	if !found || kind != "parameters" && kind != "metadata" || !strings.HasSuffix(rest, "]") {
		return "", "", false
	}
	key = strings.TrimSuffix(rest, "]")
	return kind, key, key != ""
}

// shown is a name of the client's as it may be repeated: short, and nothing that a log or a page could take for its own.
func shown(name string) string {
	const most = 64
	if len(name) > most {
		name = name[:most]
	}
	return url.QueryEscape(name)
}
