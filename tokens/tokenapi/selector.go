package tokenapi

import (
	"slices"
	"strconv"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

// selector says which tokens are listed. All its criteria hold; the zero selector selects every token.
type selector struct {
	owner    string // "" for any
	personal tokens.Choice
	scopes   []string // one of these is held; sorted, none for any
	enabled  tokens.Choice
	name     string // the name begins with this; "" for any
}

// parseSelector reads a selector: rest.ParseCriteria with these criteria, each once at most.
//
//	owner("alice@example.org")      the owner, in exactly this case
//	personalAccessToken(true)       personal tokens, or with false all others
//	scope("logs.read","logs.ingest")  at least one of these scopes
//	enabled(true)                   enabled tokens, or with false disabled ones
//	name("build")                   the name begins with this, in exactly this case
//
// The last two are extensions of Doorward. The error is a *rest.SyntaxError.
func parseSelector(text string) (selector, error) {
	criteria, err := rest.ParseCriteria(text)
	if err != nil {
		return selector{}, err
	}
	var s selector
	given := map[string]bool{}
	for _, c := range criteria {
		if given[c.Name] {
			return selector{}, &rest.SyntaxError{At: c.At, Message: "the criterion " + c.Name + " is there twice"}
		}
		given[c.Name] = true
		if err := s.add(c); err != nil {
			return selector{}, err
		}
	}
	return s, nil
}

// add takes in a criterion.
func (s *selector) add(c rest.Criterion) (err error) {
	switch c.Name {
	case "owner":
		s.owner, err = text(c)
	case "personalAccessToken":
		s.personal, err = choice(c)
	case "scope":
		err = s.addScopes(c)
	case "enabled":
		s.enabled, err = choice(c)
	case "name":
		s.name, err = text(c)
	default:
		err = &rest.SyntaxError{At: c.At, Message: "expected owner, personalAccessToken, scope, enabled or name"}
	}
	return err
}

func text(c rest.Criterion) (string, error) {
	v := c.Values[0]
	if v.Bare || len(c.Values) > 1 {
		return "", &rest.SyntaxError{At: v.At, Message: "expected one value in quotes"}
	}
	return v.Text, nil
}

func choice(c rest.Criterion) (tokens.Choice, error) {
	v := c.Values[0]
	switch {
	case len(c.Values) == 1 && v.Bare && v.Text == "true":
		return tokens.Only, nil
	case len(c.Values) == 1 && v.Bare && v.Text == "false":
		return tokens.Without, nil
	}
	return tokens.Any, &rest.SyntaxError{At: v.At, Message: "expected true or false"}
}

func (s *selector) addScopes(c rest.Criterion) error {
	for _, v := range c.Values {
		if v.Bare || !scope.Valid(v.Text) {
			return &rest.SyntaxError{At: v.At, Message: "expected the name of a scope in quotes"}
		}
		s.scopes = append(s.scopes, v.Text)
	}
	slices.Sort(s.scopes)
	s.scopes = slices.Compact(s.scopes)
	return nil
}

// String is a text that parseSelector reads back.
func (s selector) String() string {
	var criteria []rest.Criterion
	for _, one := range []struct{ name, value string }{{"owner", s.owner}, {"name", s.name}} {
		if one.value != "" {
			criteria = append(criteria, rest.Criterion{Name: one.name, Values: []rest.Value{{Text: one.value}}})
		}
	}
	for _, one := range []struct {
		name  string
		value tokens.Choice
	}{{"personalAccessToken", s.personal}, {"enabled", s.enabled}} {
		if one.value != tokens.Any {
			only := rest.Value{Text: strconv.FormatBool(one.value == tokens.Only), Bare: true}
			criteria = append(criteria, rest.Criterion{Name: one.name, Values: []rest.Value{only}})
		}
	}
	if len(s.scopes) > 0 {
		c := rest.Criterion{Name: "scope"}
		for _, value := range s.scopes {
			c.Values = append(c.Values, rest.Value{Text: value})
		}
		criteria = append(criteria, c)
	}
	return rest.PrintCriteria(criteria)
}
