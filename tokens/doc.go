// Package tokens issues, reads and verifies access tokens.
//
// A token is "<prefix>.<public>.<secret>". Prefix and public part together are its identifier, which may be shown and
// logged; the secret is shown once, when the token is made, and exists afterwards only as a SHA-256 digest.
//
//   - Formats knows the kinds of token, parses the text of one and mints new ones.
//   - Verifier turns what a client sent into a Principal, from a bounded cache before a Store.
//   - Service is the administration: create, import, disable, enable, delete, look up.
//   - Mask takes secrets out of any text that is to be logged.
//
// A Refusal is a verdict about the credential; an error is a fault of the machinery, and neither lets anybody in.
package tokens
