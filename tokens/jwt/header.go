package jwt

import (
	"encoding/base64"
	"strings"

	"github.com/doorward/doorward/tokens"
)

const (
	maxText   = 16 << 10 // bytes of a token; more does not fit into a header field of most servers
	maxHeader = 4 << 10  // bytes of its first part, encoded
	maxKeyID  = 256      // bytes of kid
)

// header is what the first part of a token (the JOSE header, RFC 7515 section 4) asks for.
type header struct {
	algorithm string
	keyID     string // as opaque as a password: never a path, a URL or a query; "" for none
	mediaType string // typ, in the form of mediaType; "" for none
}

// Shaped reports whether text looks like a JWT: three parts, the first of which would decode to something that begins
// with "{". No token with a prefix of its own does. It promises nothing about the rest.
func Shaped(text string) bool {
	if len(text) < len("e30.e30.AA") || len(text) > maxText || strings.Count(text, ".") != 2 {
		return false
	}
	return text[0] == 'e' && strings.IndexByte("wxyz0123456789-_", text[1]) >= 0
}

// parts decodes the parts of a token. Every token has exactly one spelling: the standard decoder would skip line breaks
// and, unless strict, the bits beyond the last byte.
func parts(text string) (head, payload []byte, ok bool) {
	if !Shaped(text) || strings.ContainsAny(text, "\r\n") {
		return nil, nil, false
	}
	first, rest, _ := strings.Cut(text, ".")
	second, third, _ := strings.Cut(rest, ".")
	if len(first) > maxHeader || third == "" {
		return nil, nil, false
	}
	encoding := base64.RawURLEncoding.Strict()
	head, headErr := encoding.DecodeString(first)
	payload, payloadErr := encoding.DecodeString(second)
	_, signatureErr := encoding.DecodeString(third)
	return head, payload, headErr == nil && payloadErr == nil && signatureErr == nil
}

// foreign are members that no token may have. The first four bring a key, or say where to fetch one: whoever wrote the
// token would choose what it is checked with. crit demands that extensions be understood, and none is; b64 changes what
// was signed (RFC 7797, which keeps it out of JWTs).
var foreign = [...]string{"jwk", "jku", "x5c", "x5u", "crit", "b64"}

func readHeader(data []byte) (header, tokens.Refusal) {
	object, err := decodeObject(data, 64)
	if err != nil {
		return header{}, tokens.Malformed
	}
	for _, name := range foreign {
		if _, has := object[name]; has {
			return header{}, BadHeader
		}
	}
	var h header
	if h.algorithm, _ = object["alg"].(string); h.algorithm == "" {
		return header{}, BadHeader
	}
	if kid, has := object["kid"]; has {
		if h.keyID, _ = kid.(string); h.keyID == "" || len(h.keyID) > maxKeyID {
			return header{}, BadHeader
		}
	}
	if typ, has := object["typ"]; has {
		name, _ := typ.(string)
		if h.mediaType = mediaType(name); h.mediaType == "" {
			return header{}, BadHeader
		}
	}
	return h, ""
}

// mediaType is the form in which types are compared. They are media types, without regard to case, and "application/" may
// be left out where no other slash follows (RFC 7515 section 4.1.9).
func mediaType(name string) string {
	lower := strings.ToLower(name)
	if short, cut := strings.CutPrefix(lower, "application/"); cut && !strings.Contains(short, "/") {
		return short
	}
	return lower
}
