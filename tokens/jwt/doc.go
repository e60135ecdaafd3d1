// Package jwt verifies the JSON Web Tokens of issuers that the operator trusts.
//
// A token is judged in this order: its shape; its header, which may name a key and an algorithm but never bring either;
// its issuer, by the exact text of iss; its signature, under a key that the issuer publishes now; its claims; the time.
// What the token says counts for nothing before its signature does, except to choose who is asked.
//
//   - Issuer is what the operator says about one issuer.
//   - Verifier turns the text of a token into an Identity, from a bounded cache of those seen before.
//   - The keys of each issuer are fetched in the background and kept; a request waits for the very first fetch only.
//
// As in package tokens, a tokens.Refusal is a verdict about the token; an error is a fault of the machinery, and neither
// lets anybody in. The rules are those of RFC 7515, 7517, 7519 and 9068, with the advice of RFC 8725.
package jwt
