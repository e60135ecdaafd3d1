package jwt

import "github.com/doorward/doorward/tokens"

// What this package refuses for, besides tokens.Malformed and tokens.Expired. The client is told none of it. Those after
// BadSignature are only given for a token that the issuer has really signed.
const (
	BadHeader       tokens.Refusal = "bad_header"        // brings its own key, has critical extensions, or lacks an algorithm
	UntrustedIssuer tokens.Refusal = "untrusted_issuer"  // iss is missing or nobody's
	WrongType       tokens.Refusal = "wrong_type"        // typ of something else than an access token
	WrongAlgorithm  tokens.Refusal = "wrong_algorithm"   // not one that is accepted from this issuer
	UnknownKey      tokens.Refusal = "unknown_key"       // the issuer publishes no such key for this algorithm
	BadSignature    tokens.Refusal = "bad_signature"     // the key did not sign this
	WrongAudience   tokens.Refusal = "wrong_audience"    // meant for somebody else, or for nobody in particular
	WrongUse        tokens.Refusal = "wrong_use"         // an ID token, a logout token, or one bound to a key of the client
	BadClaim        tokens.Refusal = "bad_claim"         // a claim that is needed is missing, or one has the wrong form
	NotYetValid     tokens.Refusal = "not_yet_valid"     // before nbf, or issued in the future
	LivesTooLong    tokens.Refusal = "lifetime_too_long" // good for longer than the operator allows
	Revoked         tokens.Refusal = "revoked"           // taken back before its time; said by those who know, not by this package
)

// dependsOnTime reports whether the same token may be judged otherwise a moment later.
func dependsOnTime(r tokens.Refusal) bool {
	return r == tokens.Expired || r == NotYetValid || r == LivesTooLong
}
