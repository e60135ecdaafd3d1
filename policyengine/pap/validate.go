package pap

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkLine refuses what could not be shown on one line of a terminal or a log as it was meant, and a credential that was
// pasted into the wrong field.
func (s *Service) checkLine(what, text string, least, most int) error {
	return s.checkText(what, text, least, most, "")
}

// checkText is checkLine for texts that may have some control characters.
func (s *Service) checkText(what, text string, least, most int, controls string) error {
	if n := utf8.RuneCountInString(text); n < least || n > most {
		return invalid("The %s has %d to %d characters, not %d.", what, least, most, n)
	}
	if !utf8.ValidString(text) {
		return invalid("The %s is not valid UTF-8.", what)
	}
	for _, r := range text {
		if unicode.IsControl(r) && !strings.ContainsRune(controls, r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return invalid("The %s has a control character (%U).", what, r)
		}
	}
	return s.checkSecret(what, text)
}

// checkSecret keeps credentials out of what many may read: policies are shown to more people than any token is.
func (s *Service) checkSecret(what, text string) error {
	if s.config.Mask(text) != text {
		return invalid("The %s contains the secret of a token.", what)
	}
	return nil
}

func (s *Service) checkNames(what, name, description string) error {
	if err := s.checkLine("name of a "+what, name, 1, maxName); err != nil {
		return err
	}
	if strings.TrimSpace(name) != name {
		return invalid("The name of a %s neither begins nor ends with a blank.", what)
	}
	return s.checkText("description of a "+what, description, 0, maxDescription, "\t\r\n")
}

func (s *Service) checkList(what string, list []string, most int) error {
	if len(list) > most {
		return invalid("There are at most %d of what is called a %s.", most, what)
	}
	for _, one := range list {
		if err := s.checkLine(what, one, 1, maxName); err != nil {
			return err
		}
	}
	return nil
}

// checkPairs bounds a map of the client's. What a parameter may hold is for the binding to say; metadata is nobody's
// business, as long as it is text.
func (s *Service) checkPairs(what string, pairs map[string]string) error {
	if len(pairs) > maxParameters {
		return invalid("There are at most %d pairs of %s.", maxParameters, what)
	}
	bytes := 0
	for key, value := range pairs {
		if bytes += len(key) + len(value); bytes > maxPairBytes {
			return invalid("All %s together have at most %d bytes.", what, maxPairBytes)
		}
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return invalid("The %s are not valid UTF-8.", what)
		}
		if err := s.checkSecret(what, key+" "+value); err != nil {
			return err
		}
	}
	return nil
}

// canonicalEmail is an address as it is compared: ASCII, lower case. Other letters are refused rather than folded,
// because some fold to ASCII ones, and then a stranger's address becomes somebody else's: the Kelvin sign is no k.
func canonicalEmail(text string) (string, bool) {
	local, domain, found := strings.Cut(text, "@")
	if !found || local == "" || domain == "" || len(text) > maxEmail || strings.Contains(domain, "@") {
		return "", false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return "", false
		}
	}
	return strings.ToLower(text), true
}
