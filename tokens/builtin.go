package tokens

// builtIn is every kind of token with a documented prefix. Most are none of the gate's business: they are listed so that
// one which strays into a request is refused for what it is and masked wherever it shows up.
//
// Lengths are the documented ones, or else those of the general layout (24 or 8, and 64).
var builtIn = []Format{
	{Prefix: "dt0c01", Name: "access token", Public: []int{24}, Secret: 64, Schemes: []Scheme{APIToken}, Mintable: true},
	// A platform token is documented for Bearer. The Kubernetes operator sends it as Api-Token all the same; the secret
	// is equally secret under both names.
	{Prefix: "dt0s16", Name: "platform token", Public: []int{24}, Secret: 64, Schemes: []Scheme{Bearer, APIToken}, Class: ClassOAuth, Mintable: true},

	{Prefix: "dt0g01", Name: "ActiveGate token (older)", Public: []int{8}, Secret: 64},
	// Made here and shown by agents; no request to an API is let in by one.
	{Prefix: KindActiveGate, Name: "ActiveGate token", Public: []int{8}, Secret: 64, Mintable: true},
	{Prefix: "dt0s01", Name: "account API token", Public: []int{24}, Secret: 64},
	{Prefix: "dt0s02", Name: "OAuth2 client", Public: []int{8, 24}, Secret: 64},
	{Prefix: "dt0s03", Name: "OAuth2 client of a service", Public: []int{24, 8}, Secret: 64},
	{Prefix: "dt0s04", Name: "identity link", Public: []int{24, 8}, Secret: 64},
	{Prefix: "dt0s06", Name: "OAuth2 refresh token", Public: []int{24, 8}, Secret: 64},
	{Prefix: "dt0s08", Name: "OAuth2 client of a service", Public: []int{24, 8}, Secret: 64},
	{Prefix: "dt0s09", Name: "identity link", Public: []int{24, 8}, Secret: 64},
	{Prefix: "dt0s12", Name: "public OAuth2 client", Secret: 64, PublicAlphabet: Label},
	{Prefix: "dt0s17", Name: "OAuth2 client with consent page", Public: []int{8, 24}, Secret: 64},
	// The public part is the name of a tenant, the secret is written in hexadecimal.
	{Prefix: "dt0a01", Name: "agent connection token", Secret: 64, PublicAlphabet: Label, SecretAlphabet: LowerHex},
	{Prefix: "dt0e01", Name: "EdgeConnect token", Public: []int{24}, Secret: 64},
	{Prefix: "dt0n01", Name: "node configuration collector token", Public: []int{24}, Secret: 64},
	{Prefix: "dt0x01", Name: "extension controller token", Public: []int{24}, Secret: 64},
}
