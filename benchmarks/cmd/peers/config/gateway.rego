# What the adapter asks: a token, known by its digest, is enabled, has not expired, and holds a scope that the endpoint asks for.
package gateway

default allow := false

allow if {
	token := data.tokens[crypto.sha256(input.token)]
	token.enabled
	time.now_ns() < token.expires
	some scope in data.endpoints[input.method][input.path]
	scope in token.scopes
}
