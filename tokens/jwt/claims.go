package jwt

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/doorward/doorward/tokens"
)

const (
	// farFuture is how far iat may lie ahead. A clock that is a little fast is common; this is about inventions.
	farFuture = time.Minute
	// lastSecond is the end of the year 9999, the last that RFC 3339 can write.
	lastSecond = 253402300799
)

// window is when a token is good. It is asked anew at every request, by the wall clock.
type window struct {
	expires   time.Time // first instant at which it is dead
	notBefore time.Time // zero: always
	issued    time.Time // zero: unknown
	skew      time.Duration
	longest   time.Duration // lifetime
}

func (w window) judge(now time.Time) tokens.Refusal {
	from := w.issued
	if from.IsZero() {
		from = now
	}
	switch {
	case !now.Before(w.expires):
		return tokens.Expired
	case now.Before(w.notBefore), w.issued.Sub(now) > farFuture+w.skew:
		return NotYetValid
	case w.expires.Sub(from) > w.longest+w.skew:
		return LivesTooLong
	}
	return ""
}

// readTimes reads exp, which is required, nbf and iat.
func (i *Issuer) readTimes(claims map[string]any) (w window, ok bool) {
	w = window{skew: i.ClockSkew, longest: i.MaxLifetime}
	var hasExpiry, hasStart, hasIssue bool
	var expires, start, issue int64
	for _, claim := range []struct {
		name  string
		value *int64
		has   *bool
	}{{"exp", &expires, &hasExpiry}, {"nbf", &start, &hasStart}, {"iat", &issue, &hasIssue}} {
		raw, has := claims[claim.name]
		if !has {
			continue
		}
		if *claim.value, ok = seconds(raw); !ok {
			return window{}, false
		}
		*claim.has = true
	}
	if !hasExpiry {
		return window{}, false
	}
	w.expires = time.Unix(expires, 0).UTC().Add(i.ClockSkew)
	if hasStart {
		w.notBefore = time.Unix(start, 0).UTC().Add(-i.ClockSkew)
	}
	if hasIssue {
		w.issued = time.Unix(issue, 0).UTC()
	}
	return w, true
}

// seconds reads a NumericDate (RFC 7519 section 2), whole seconds only: a fraction, an exponent or quotes are how a date
// is made to mean different things to different readers.
func seconds(value any) (int64, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	return n, err == nil && 0 <= n && n <= lastSecond
}

// forAccess reports whether the token was made to be shown to a service like this one. The type "at+jwt" says so (RFC
// 9068); "JWT" says nothing, so the claims must not say otherwise.
func forAccess(h header, claims map[string]any) bool {
	if has(claims, "cnf") {
		return false // good only together with a key of the client (RFC 7800), which is not asked for here
	}
	if h.mediaType == "at+jwt" {
		return true
	}
	if has(claims, "events") {
		return false // a security event, such as a logout (RFC 8417)
	}
	if use, said := claims["token_use"]; said {
		return use == "access" // some issuers write the kind here,
	}
	if kind, said := claims["typ"]; said {
		return kind == "Bearer" || kind == "at+jwt" // and others here
	}
	// These are an ID token's own (OpenID Connect Core sections 2 and 3.3.2.11).
	return !has(claims, "nonce", "at_hash", "c_hash", "s_hash")
}

func has(claims map[string]any, names ...string) bool {
	for _, name := range names {
		if _, there := claims[name]; there {
			return true
		}
	}
	return false
}
