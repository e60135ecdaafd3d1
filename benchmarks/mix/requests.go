package mix

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/doorward/doorward/benchmarks/load"
)

// Next is load.Plan.Next: it makes request n.
type Next func(rng *rand.Rand, n int64) load.Request

// Paths of the built-in catalogue that the mixes ask.
const (
	metricsPath  = "/api/v2/metrics/query"    // scope metrics.read
	ingestPath   = "/api/v2/metrics/ingest"   // scope metrics.ingest, takes a body
	settingsPath = "/api/v2/settings/objects" // of a user: policies are asked, by settings:schemaId
)

// host is in every request. Nothing on the way goes by it.
const host = "load.test"

// Get is a GET request with a token, or without a credential where the token is empty.
func Get(path, token string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, host, authorization(token))
}

// Post is a POST request with a token and a body.
func Post(path, token string, body []byte) []byte {
	return append(postHead(path, token, len(body)), body...)
}

func postHead(path, token string, length int) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n",
		path, host, authorization(token), length)
}

// authorization is the field for a token: JWTs go under Bearer, everything else under Api-Token.
func authorization(token string) string {
	switch {
	case token == "":
		return ""
	case strings.HasPrefix(token, "ey"):
		return "Authorization: Bearer " + token + "\r\n"
	}
	return "Authorization: Api-Token " + token + "\r\n"
}

// Same sends the same request each time.
func Same(name string, raw []byte) Next {
	request := load.Request{Raw: raw, Name: name}
	return func(*rand.Rand, int64) load.Request { return request }
}

// Hot is one token that asks all the time.
func Hot(token string) Next { return Same("hot", Get(metricsPath, token)) }

// Popular sends one of the requests, the first most often: number k, from 1, in proportion to 1/k^s. Of 10,000 with s = 1.1 the
// first is every sixth.
func Popular(name string, raws [][]byte, s float64) Next {
	ranks := newZipf(len(raws), s)
	return func(rng *rand.Rand, _ int64) load.Request {
		return load.Request{Raw: raws[ranks.draw(rng)], Name: name}
	}
}

// Each sends the requests one after the other, and again from the beginning.
func Each(name string, raws [][]byte) Next {
	return func(_ *rand.Rand, n int64) load.Request {
		return load.Request{Raw: raws[n%int64(len(raws))], Name: name}
	}
}

// Blend sends every k-th time what rare says and otherwise what often says.
func Blend(k int64, rare, often Next) Next {
	return func(rng *rand.Rand, n int64) load.Request {
		if n%k == k-1 {
			return rare(rng, n)
		}
		return often(rng, n)
	}
}

// Gets are the requests of many tokens for the same path.
func Gets(path string, tokens []string) [][]byte {
	raws := make([][]byte, len(tokens))
	for i, token := range tokens {
		raws[i] = Get(path, token)
	}
	return raws
}

// LargeBody is a POST with a body of so many bytes, lines of metrics.
func LargeBody(token string, size int) []byte {
	line := []byte("load.measure,host=one 42\n")
	return Post(ingestPath, token, bytes.Repeat(line, size/len(line)+1)[:size])
}
