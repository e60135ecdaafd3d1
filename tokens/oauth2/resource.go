package oauth2

import (
	"slices"
	"strings"
)

// What a token can be for (RFC 8707), with an identifier after it.
const (
	AccountURN     = "urn:dtaccount:"
	EnvironmentURN = "urn:dtenvironment:"
)

const maxResources = 20

// resources checks what the client wants a token for: its account, environments of its account. Without any wish it is
// the account. One message serves for what does not exist and what is somebody else's.
func (s *server) resources(c Client, wanted []string) ([]string, error) {
	if len(wanted) == 0 {
		return []string{AccountURN + c.Account}, nil
	}
	if len(wanted) > maxResources {
		return nil, refuse(invalidTarget, "A token is for at most %d resources.", maxResources)
	}
	for _, resource := range wanted {
		if !s.reaches(c, resource) {
			return nil, refuse(invalidTarget, "The resource %s is not one of this client's account.", quoted(resource))
		}
	}
	unique := slices.Compact(slices.Sorted(slices.Values(wanted)))
	return unique, nil
}

func (s *server) reaches(c Client, resource string) bool {
	if account, ok := strings.CutPrefix(resource, AccountURN); ok {
		return account == c.Account
	}
	environment, ok := strings.CutPrefix(resource, EnvironmentURN)
	if !ok || !isName(environment) || s.config.EnvironmentOf == nil {
		return false
	}
	account, ok := s.config.EnvironmentOf(environment)
	return ok && account == c.Account
}

// maxAsked bounds how many scopes one request can name.
const maxAsked = 1000

// granted is the scopes of a token, sorted: those that are asked for, or all of the client's. One that the client does not
// have fails the whole request.
func granted(c Client, asked string) ([]string, error) {
	names := slices.DeleteFunc(strings.SplitN(asked, " ", maxAsked+1), func(name string) bool { return name == "" })
	if len(names) == 0 {
		return slices.Clone(c.Scopes), nil
	}
	for _, name := range names {
		if !c.holds(name) {
			return nil, refuse(invalidScope, "The client does not have the scope %s.", quoted(name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
