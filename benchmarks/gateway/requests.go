package gateway

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/mix"
)

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

// zipfExponent is that of Popular.
const zipfExponent = 1.1

// Popular draws from the first n good tokens of a store, some far more often than others: Zipf, s = 1.1. The tokens of a run are drawn
// before it, because drawing and making a request takes longer than sending it.
func Popular(seed uint64, n int, path string) mix.Next {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the same each time, and no secret
	draw := rand.NewZipf(random, zipfExponent, 1, uint64(n-1))
	made := map[uint64]load.Request{}
	drawn := make([]load.Request, 1<<16)
	for i := range drawn {
		k := draw.Uint64()
		if _, known := made[k]; !known {
			made[k] = load.Request{Raw: Get(path, APIToken(Token(int(k))))} //nolint:gosec // below the number of tokens
		}
		drawn[i] = made[k]
	}
	return func(rng *rand.Rand, _ int64) load.Request { return drawn[rng.Uint32()&0xffff] }
}

// Unasked asks policies about another schema each time, in every run with it.
func Unasked(authorization string) mix.Next {
	var asked atomic.Int64
	return func(*rand.Rand, int64) load.Request {
		return load.Request{Raw: Get(fmt.Sprintf("%sapp:any.new.%d", Settings, asked.Add(1)), authorization)}
	}
}
