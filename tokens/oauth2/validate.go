package oauth2

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// Attributes is what a caller decides about a client.
type Attributes struct {
	Name        string   // 1 … 100 characters; need not be unique
	Description string   // up to 255 characters
	Owner       string   // e-mail address or service user, up to 250 characters; stored in the spelling of jwt.CanonicalUser
	Scopes      []string // at least one
}

const (
	maxName        = 100
	maxDescription = 255
	maxOwner       = 250
	maxAccount     = 64
	// maxScopeText bounds the scopes of a client together, with the spaces between them: all of them are in each token that
	// is asked for without scope, and a token has to fit into a header field.
	maxScopeText = 6 << 10
)

// checked gives the attributes back in the form in which they are stored. The error names every part that is wrong.
func (s *Service) checked(a Attributes) (Attributes, error) {
	var wrong []fault.Field
	for _, part := range []struct {
		field, what, text string
		least, most       int
	}{
		{"name", "name", a.Name, 1, maxName},
		{"description", "description", a.Description, 0, maxDescription},
		{"owner", "owner", a.Owner, 1, maxOwner},
	} {
		if message := wrongText(part.what, part.text, part.least, part.most); message != "" {
			wrong = append(wrong, fault.Field{Name: part.field, Message: message})
		}
	}
	if owner, ok := jwt.CanonicalUser(a.Owner); ok {
		a.Owner = owner
	} else if a.Owner != "" {
		wrong = append(wrong, fault.Field{Name: "owner", Message: "The owner has no unambiguous spelling."})
	}
	a.Scopes = slices.Clone(a.Scopes)
	wrong = append(wrong, s.wrongScopes(a.Scopes)...)
	if len(wrong) > 0 {
		return Attributes{}, fault.InvalidFields(wrong...)
	}
	slices.Sort(a.Scopes)
	a.Scopes = slices.Compact(a.Scopes)
	return a, nil
}

// maxWrong bounds how many unknown scopes one answer names: each costs a search for what was meant.
const maxWrong = 10

func (s *Service) wrongScopes(scopes []string) (wrong []fault.Field) {
	if len(scopes) == 0 {
		return []fault.Field{{Name: "scopes", Message: "An OAuth2 client needs at least one scope."}}
	}
	length := 0
	for i, value := range scopes {
		length += len(value) + 1
		if _, known := s.config.Scopes.Lookup(value); known || len(wrong) >= maxWrong {
			continue
		}
		message := fmt.Sprintf("There is no OAuth scope %.140q.", tokens.Mask(value))
		if nearest, ok := s.config.Scopes.Suggest(value); ok {
			message += " Did you mean " + nearest + "?"
		}
		wrong = append(wrong, fault.Field{Name: fmt.Sprintf("scopes[%d]", i), Message: message})
	}
	if length > maxScopeText {
		wrong = append(wrong, fault.Field{
			Name: "scopes", Message: fmt.Sprintf("The scopes of an OAuth2 client have at most %d characters together.", maxScopeText),
		})
	}
	return wrong
}

// wrongText finds what could not be shown on one line of a terminal or a log as it was meant, and a token that was pasted
// into the wrong field. It is "" for a good text.
func wrongText(what, text string, least, most int) string {
	if n := utf8.RuneCountInString(text); n < least || n > most {
		return fmt.Sprintf("The %s has %d to %d characters, not %d.", what, least, most, n)
	}
	if !utf8.ValidString(text) {
		return fmt.Sprintf("The %s is not valid UTF-8.", what)
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return fmt.Sprintf("The %s has a control character (%U).", what, r)
		}
	}
	if tokens.Mask(text) != text {
		return fmt.Sprintf("The %s contains the secret of a token.", what)
	}
	return ""
}

// checkAccount wants what can stand in a resource (urn:dtaccount:…) as it is.
func checkAccount(account string) error {
	if !isName(account) {
		return fault.InvalidFields(fault.Field{
			Name: "account", Message: fmt.Sprintf("An account is named with 1 to %d of A-Z a-z 0-9 . _ -.", maxAccount),
		})
	}
	return nil
}

// isName reports whether a text can be the name of an account or an environment.
func isName(text string) bool {
	if text == "" || len(text) > maxAccount {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
