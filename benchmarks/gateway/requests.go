package gateway

import "fmt"

// Paths of the embedded catalogue. The tokens of Fill may read metrics and no SLOs; what a personal token may read of settings,
// its user's policies say.
const (
	Metrics  = "/api/v2/metrics/query?metricSelector=builtin:host.cpu.usage&from=now-2h"
	Slos     = "/api/v2/slo"
	Settings = "/api/v2/settings/objects?schemaIds=" // and a schema
)

// Get is a request as a client of the API sends it, ready as bytes.
func Get(path, authorization string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: abc12345.live.example.com\r\nUser-Agent: load/1.0\r\nAccept: application/json\r\n"+
		"Accept-Encoding: gzip\r\nAuthorization: %s\r\n\r\n", path, authorization)
}

// APIToken is the header of a token of the API.
func APIToken(text string) string { return "Api-Token " + text }
