package tokenapi

import (
	"fmt"
	"slices"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

// selector says which tokens are listed. All its criteria hold; the zero selector selects every token.
type selector struct {
	owner    string // "" for any
	personal tokens.Choice
	scopes   []string // one of these is held; sorted, none for any
}

// parseSelector reads a selector: rest.ParseCriteria with these criteria, each once at most.
//
//	owner("alice@example.org")      the owner, in exactly this case
//	personalAccessToken(true)       personal tokens, or with false all others
//	scope("logs.read","logs.ingest")  at least one of these scopes
//
// The error is a *rest.SyntaxError.
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
func (s *selector) add(c rest.Criterion) error {
	switch c.Name {
	case "owner":
		return s.addOwner(c)
	case "personalAccessToken":
		return s.addPersonal(c)
	case "scope":
		return s.addScopes(c)
	}
	return &rest.SyntaxError{At: c.At, Message: "expected owner, personalAccessToken or scope"}
}

func (s *selector) addOwner(c rest.Criterion) error {
	if v := c.Values[0]; v.Bare || len(c.Values) > 1 {
		return &rest.SyntaxError{At: v.At, Message: "expected one value in quotes"}
	}
	s.owner = c.Values[0].Text
	return nil
}

func (s *selector) addPersonal(c rest.Criterion) error {
	v := c.Values[0]
	switch {
	case len(c.Values) == 1 && v.Bare && v.Text == "true":
		s.personal = tokens.Only
	case len(c.Values) == 1 && v.Bare && v.Text == "false":
		s.personal = tokens.Without
	default:
		return &rest.SyntaxError{At: v.At, Message: "expected true or false"}
	}
	return nil
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
	if s.owner != "" {
		criteria = append(criteria, rest.Criterion{Name: "owner", Values: []rest.Value{{Text: s.owner}}})
	}
	if s.personal != tokens.Any {
		only := rest.Value{Text: fmt.Sprint(s.personal == tokens.Only), Bare: true}
		criteria = append(criteria, rest.Criterion{Name: "personalAccessToken", Values: []rest.Value{only}})
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
