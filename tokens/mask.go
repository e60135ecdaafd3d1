package tokens

import (
	"bytes"
	"strings"
)

// Mask gives text back with the secret part of every token in it replaced by "***"; identifiers stay. It knows no list
// of prefixes: whatever has the layout of a token is masked, custom kinds included, as are the signatures of JWTs.
//
//	<prefix>.<public>.<secret>  prefix: ends in 3 letters or digits; public: 1 to 128 of A-Za-z0-9-;
//	                            secret: its leading letters and digits, 40 or more
//	ey….ey….<signature>         the two parts in front stay readable
//
// This is wider than the documented expressions, on purpose: it also finds a token that is glued to a word, or whose
// case was changed on the way. A text without a secret comes back as it is, without allocation. Masking twice changes
// nothing. The time is linear in the length of the text.
func Mask(text string) string {
	if strings.IndexByte(text, '.') < 0 && strings.IndexByte(text, '%') < 0 {
		return text
	}
	out, found := mask(text)
	if !found {
		return text
	}
	return string(out)
}

// MaskBytes is Mask for bytes. Without a secret in it, b itself is returned; otherwise a new slice, and b is unchanged.
func MaskBytes(b []byte) []byte {
	if bytes.IndexByte(b, '.') < 0 && bytes.IndexByte(b, '%') < 0 {
		return b
	}
	out, found := mask(b)
	if !found {
		return b
	}
	return out
}

// part is a longest run of letters, digits, "_" and "-", as two offsets into the text.
type part struct{ from, to int }

// mask walks over the parts of text. Two parts belong to one chain when a single dot, plain or
// percent-encoded, and nothing else, is between them.
func mask[T string | []byte](text T) (out []byte, found bool) {
	var before, middle part // the two parts of the chain that lead to the one at hand; empty when there are none
	copied := 0
	for at := 0; at < len(text); {
		if !inPart(text[at]) {
			at += max(dotLength(text, at), 1)
			continue
		}
		this := part{at, endOfPart(text, at)}
		if dot := dotLength(text, middle.to); middle.to == 0 || dot == 0 || this.from != middle.to+dot {
			before, middle = part{}, part{}
		}
		if secret := secretLength(text, before, middle, this); secret > 0 {
			out = append(append(out, text[copied:this.from]...), masked...)
			copied, found = this.from+secret, true
		}
		before, middle = middle, this
		at = this.to
	}
	if !found {
		return nil, false
	}
	return append(out, text[copied:]...), true
}

// dotLength is the length of the dot at an offset: 1, 3 where it is percent-encoded, as in a URL that a log quotes, and 0
// where there is none.
func dotLength[T string | []byte](text T, at int) int {
	switch {
	case at < len(text) && text[at] == '.':
		return 1
	case at+2 < len(text) && text[at] == '%' && text[at+1] == '2' && text[at+2]|0x20 == 'e':
		return len("%2E")
	}
	return 0
}

func endOfPart[T string | []byte](text T, from int) int {
	for from < len(text) && inPart(text[from]) {
		from++
	}
	return from
}

// secretLength is how much of the last of three chained parts must not be shown, counted from its start.
func secretLength[T string | []byte](text T, first, second, last part) int {
	if first.to == 0 {
		return 0
	}
	if startsJWT(text, first, false) && startsJWT(text, second, true) {
		return last.to - last.from
	}
	if !endsPrefix(text, first) || !isPublic(text, second) {
		return 0
	}
	n := 0
	for last.from+n < last.to && isAlphanumeric(text[last.from+n]) {
		n++
	}
	if n < minSecret {
		return 0
	}
	return n
}

// endsPrefix: only the end of the part counts, since a log may glue a token to the word in front ("token_dt0c01.…").
func endsPrefix[T string | []byte](text T, p part) bool {
	return p.to-p.from >= 3 && isAlphanumeric(text[p.to-1]) && isAlphanumeric(text[p.to-2]) && isAlphanumeric(text[p.to-3])
}

func isPublic[T string | []byte](text T, p part) bool {
	if p.to-p.from > maxPublic {
		return false
	}
	for i := p.from; i < p.to; i++ {
		if text[i] == '_' {
			return false
		}
	}
	return true
}

// startsJWT reports whether the part is the base64url of something that starts with `{`: "ey" and at least one more
// character, at the very start of the part or anywhere in it.
func startsJWT[T string | []byte](text T, p part, atStart bool) bool {
	for i := p.from; i+2 < p.to; i++ {
		if text[i] == 'e' && text[i+1] == 'y' {
			return true
		}
		if atStart {
			return false
		}
	}
	return false
}

func inPart(c byte) bool { return isAlphanumeric(c) || c == '_' || c == '-' }

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
