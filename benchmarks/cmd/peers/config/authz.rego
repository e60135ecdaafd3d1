# The same question, asked of OPA itself: it decides whether it answers at all, and the answer to /health is the yes.
package system.authz

default allow := false

allow if {
	input.path == ["health"]
	[_, secret] := split(input.headers.Authorization[0], " ")
	token := data.tokens[crypto.sha256(secret)]
	token.enabled
	time.now_ns() < token.expires
	[path, _] := split(concat("", [input.headers["X-Forwarded-Uri"][0], "?"]), "?")
	some scope in data.endpoints[input.headers["X-Forwarded-Method"][0]][path]
	scope in token.scopes
}
