package tokenapi

import (
	"mime"
	"strconv"
	"strings"
)

// preferred is the one of several types of content that an Accept header likes best (RFC 9110 section 12.5.1), of equals
// the one that is offered first. Where it likes none, that is the first one as well: by then the token exists, and an
// answer that cannot be read would lose it.
func preferred(accept []string, offers ...string) string {
	best, highest := offers[0], 0.0
	for _, offer := range offers {
		if quality := qualityOf(offer, strings.Join(accept, ",")); quality > highest {
			best, highest = offer, quality
		}
	}
	return best
}

// qualityOf is how much a type is liked, 0 … 1. Of the ranges that hold it the most specific one counts.
func qualityOf(offer, accept string) float64 {
	quality, closest := 0.0, -1
	family, _, _ := strings.Cut(offer, "/")
	for part := range strings.SplitSeq(accept, ",") {
		accepted, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		specific := map[string]int{"*/*": 0, family + "/*": 1, offer: 2}
		if at, holds := specific[accepted]; holds && at > closest {
			closest, quality = at, 1
			if q, err := strconv.ParseFloat(parameters["q"], 64); err == nil {
				quality = min(max(q, 0), 1)
			}
		}
	}
	return quality
}
