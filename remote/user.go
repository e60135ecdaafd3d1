package remote

import "strings"

const maxUser = 254

// userMarks are the characters of a user's name beside letters, digits and single blanks: what RFC 5322 section 3.2.3
// allows in an address without quoting, but for the back-tick, which shells read.
const userMarks = ".!#$%&'*+/=?^_{|}~@-"

// CanonicalUser is the one spelling of a user's name: without blanks at its ends, in lower case. A name with anything but
// ASCII is refused, because administrators approve what they read, and whole alphabets have letters that look like those
// of another.
func CanonicalUser(name string) (canonical string, ok bool) {
	if len(name) > 2*maxUser {
		return "", false
	}
	canonical = strings.Trim(name, " ")
	if canonical == "" || len(canonical) > maxUser || strings.Contains(canonical, "  ") {
		return "", false
	}
	for i := range len(canonical) {
		if !isUserByte(canonical[i]) {
			return "", false
		}
	}
	return strings.ToLower(canonical), true
}

func isUserByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ' ' || strings.IndexByte(userMarks, c) >= 0
}

// samePerson compares names as generously as it can: it decides who may not do something.
func samePerson(a, b string) bool { return strings.EqualFold(bareName(a), bareName(b)) }

// bareName is the name of a person without what says where the name comes from: "cli:" before a system user, and an issuer's URL
// and "#" before the user of a JWT. A grant names neither, so that with them john would be somebody else than john.
func bareName(name string) string {
	name = strings.TrimSpace(name)
	if user, found := strings.CutPrefix(name, "cli:"); found {
		return user
	}
	if issuer, user, found := strings.Cut(name, "#"); found && strings.Contains(issuer, "://") {
		return user
	}
	return name
}
