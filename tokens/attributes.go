package tokens

import (
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens/scope"
)

const (
	maxName        = 100  // characters
	maxOwner       = 250  // characters
	maxEnvironment = 64   // bytes
	maxScopes      = 1000 // per token; several times what any catalogue has
)

// record checks the attributes and makes a record of them that lacks only identifier and digest.
func (s *Service) record(a Attributes, class Class) (Record, error) {
	now := s.now()
	a.Expires = cutToMillisecond(a.Expires)
	if err := a.check(now); err != nil {
		return Record{}, err
	}
	scopes, err := s.scopes(a, class)
	if err != nil {
		return Record{}, err
	}
	return Record{
		Name: a.Name, Owner: a.Owner, Environment: a.Environment, Cluster: a.Cluster, Personal: a.Personal,
		Enabled: true, Scopes: scopes, Created: now, Expires: a.Expires,
	}, nil
}

func cutToMillisecond(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Millisecond)
}

func (a Attributes) check(now time.Time) error {
	if err := checkText("name of a token", a.Name, 1, maxName); err != nil {
		return err
	}
	if err := checkText("owner of a token", a.Owner, 0, maxOwner); err != nil {
		return err
	}
	switch {
	case !validEnvironment(a.Environment):
		return invalid("An environment is named with 1 to %d letters, digits or any of . _ -", maxEnvironment)
	case !a.Expires.IsZero() && !a.Expires.After(now):
		return invalid("The expiration date must be in the future.")
	case a.Personal && a.Owner == "":
		return invalid("A personal token needs an owner.")
	case a.Personal && a.Cluster:
		return invalid("A personal token never reaches the cluster realm.")
	}
	return nil
}

// checkText refuses what could not be shown on one line of a terminal or a log as it was meant, and a token that was
// pasted into the wrong field.
func checkText(what, text string, least, most int) error {
	if n := utf8.RuneCountInString(text); n < least || n > most {
		return invalid("The %s has %d to %d characters, not %d.", what, least, most, n)
	}
	if !utf8.ValidString(text) {
		return invalid("The %s is not valid UTF-8.", what)
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return invalid("The %s has a control character (%U).", what, r)
		}
	}
	if Mask(text) != text {
		return invalid("The %s contains the secret of a token.", what)
	}
	return nil
}

func validEnvironment(name string) bool {
	if name == "" || len(name) > maxEnvironment {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !inPart(c) && c != '.' {
			return false
		}
	}
	return true
}

// scopes checks the scopes asked for and returns them sorted and without duplicates.
func (s *Service) scopes(a Attributes, class Class) ([]string, error) {
	if len(a.Scopes) == 0 {
		return nil, invalid("A token needs at least one scope.")
	}
	if len(a.Scopes) > maxScopes {
		return nil, invalid("A token has at most %d scopes.", maxScopes)
	}
	check := s.checkScope
	if class == ClassOAuth {
		check = s.checkOAuthScope
	}
	for _, value := range a.Scopes {
		if err := check(a, value); err != nil {
			return nil, err
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(a.Scopes))), nil
}

func (s *Service) checkScope(a Attributes, value string) error {
	known, ok := s.config.Scopes.Lookup(value)
	switch {
	case !ok:
		return unknownScope(s.config.Scopes, value)
	case a.Personal && !known.Personal:
		return invalid("A personal token cannot have the scope %s.", value)
	case a.AllowUncreatable:
		return nil
	case known.Cluster && !a.Cluster:
		return invalid("The scope %s is for cluster tokens only.", value)
	case !known.Cluster && !known.Creatable:
		return invalid("The scope %s cannot be given to a new token.", value)
	}
	return nil
}

func (s *Service) checkOAuthScope(_ Attributes, value string) error {
	if s.config.OAuth == nil {
		if !scope.Valid(value) {
			return unknownScope(nil, value)
		}
		return nil
	}
	if _, ok := s.config.OAuth.Lookup(value); !ok {
		return unknownScope(s.config.OAuth, value)
	}
	return nil
}

func unknownScope(catalog *scope.Catalog, value string) error {
	if nearest, ok := catalog.Suggest(value); ok {
		return invalid("There is no scope %.140q. Did you mean %s?", Mask(value), nearest)
	}
	return invalid("There is no scope %.140q.", Mask(value))
}

// invalid is a fault of kind fault.Invalid. What goes into it is shown to the caller: never a secret.
func invalid(format string, values ...any) error {
	return fault.New(fault.Invalid, fmt.Sprintf(format, values...), nil)
}
