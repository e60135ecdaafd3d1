package remote

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/internal/fault"
)

// Ask is what a request is made of.
type Ask struct {
	User   string // see CanonicalUser
	Reason string // one line, 1 … 1,000 characters
	Days   int
	Role   Role // no default
}

// checked gives the parts back in the form in which they are stored, and the ticket. The error names every part that is
// wrong.
func (s *Service) checked(a Ask, days bool) (Ask, string, error) {
	var wrong []fault.Field
	user, ok := CanonicalUser(a.User)
	if !ok || s.config.Mask(a.User) != a.User {
		wrong = append(wrong, fault.Field{Name: "userId", Message: fmt.Sprintf(
			"A user is named with 1 to %d ASCII letters, digits and characters of an e-mail address.", maxUser)})
	}
	a.User, a.Reason = user, strings.TrimSpace(a.Reason)
	ticket := ""
	if message := s.wrongLine("reason", a.Reason); message != "" {
		wrong = append(wrong, fault.Field{Name: "reason", Message: message})
	} else if pattern := s.config.Rules.Ticket; pattern != nil {
		if ticket = pattern.FindString(a.Reason); ticket == "" {
			wrong = append(wrong, fault.Field{Name: "reason", Message: "The reason has to name a ticket."})
		}
	}
	if !a.Role.known() {
		wrong = append(wrong, fault.Field{Name: "role", Message: "The role is one of devops-viewer, devops-user and devops-admin."})
	} else if message := s.config.Rules.wrongDays(a.Role, a.Days); days && message != "" {
		wrong = append(wrong, fault.Field{Name: "requestedDays", Message: message})
	}
	if len(wrong) > 0 {
		return Ask{}, "", fault.InvalidFields(wrong...)
	}
	return a, ticket, nil
}

func (r Rules) wrongDays(role Role, days int) string {
	if days < 1 || days > r.MaxDays[role] {
		return fmt.Sprintf("The role %s is granted for 1 to %d days.", role, r.MaxDays[role])
	}
	return ""
}

// wrongLine finds what could not be shown on one line of a mail, a terminal or a log as it was meant, and a credential
// that was pasted into the wrong field. It is "" for a good line.
func (s *Service) wrongLine(what, text string) string {
	if n := utf8.RuneCountInString(text); n < 1 || n > maxReason {
		return fmt.Sprintf("The %s has 1 to %d characters, not %d.", what, maxReason, n)
	}
	if !utf8.ValidString(text) {
		return fmt.Sprintf("The %s is not valid UTF-8.", what)
	}
	for _, r := range text {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return fmt.Sprintf("The %s has a character that is not shown (%U).", what, r)
		}
	}
	if s.config.Mask(text) != text {
		return fmt.Sprintf("The %s contains a secret.", what)
	}
	return ""
}

// canonicalID is an identifier in lower case. Anything but a UUID is refused before it gets to the store.
func canonicalID(text string) (string, error) {
	if len(text) == 36 && isUUID(text) {
		return strings.ToLower(text), nil
	}
	return "", fault.InvalidFields(fault.Field{Name: "requestId", Message: "The identifier of a remote access request is a UUID."})
}

func isUUID(text string) bool {
	for i := range len(text) {
		c := text[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}
