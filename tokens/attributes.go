package tokens

import (
	"fmt"
	"slices"
	"time"

	"github.com/doorward/doorward/tokens/scope"
)

const (
	maxName        = 100  // characters
	maxOwner       = 250  // characters
	maxEnvironment = 64   // bytes
	maxScopes      = 1000 // per token; several times what any catalogue has
)

// record checks the attributes of a token of a kind ("" for the old format) and makes a record of them that lacks only
// identifier and digest.
func (s *Service) record(a Attributes, kind string, class Class) (Record, error) {
	now := s.now()
	a.Expires = cutToMillisecond(a.Expires)
	var wrong findings
	a.check(&wrong, kind, now)
	environments := a.environments(&wrong, kind)
	holder := holder{class: class, personal: a.Personal, cluster: a.Cluster, anything: a.AllowUncreatable}
	scopes := s.scopes(&wrong, holder, a.Scopes)
	networks := wrong.networks("allowedNetworks", a.Networks)
	if err := wrong.err(); err != nil {
		return Record{}, err
	}
	return Record{
		Name: a.Name, Owner: a.Owner, Environment: a.Environment, Cluster: a.Cluster, Personal: a.Personal,
		Administrator: a.Administrator, Staff: a.Staff, Enabled: true, Environments: environments, Scopes: scopes, Networks: networks, Created: now, Expires: a.Expires,
	}, nil
}

func cutToMillisecond(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Millisecond)
}

func (a Attributes) check(wrong *findings, kind string, now time.Time) {
	wrong.text("name", "name of a token", a.Name, 1, longestName(kind))
	wrong.text("owner", "owner of a token", a.Owner, 0, maxOwner)
	if len(a.Environments) == 0 {
		wrong.environment(a.Environment) // of several, environments checks each
	}
	if !a.Expires.IsZero() && !a.Expires.After(now) {
		wrong.add("expirationDate", "The expiration date must be in the future.")
	}
	switch {
	case a.Personal && a.Owner == "":
		wrong.add("personalAccessToken", "A personal token needs an owner.")
	case a.Personal && a.Cluster:
		wrong.add("personalAccessToken", "A personal token never reaches the cluster realm.")
	case a.Personal && a.Administrator:
		wrong.add("personalAccessToken", "A personal token is never an administrator's.")
	case kind == KindPlatform:
		a.checkPlatform(wrong)
	}
	if a.Staff {
		checkStaff(wrong, a.Owner, a.Administrator)
	}
}

// holder is what it depends on which scopes a token can have.
type holder struct {
	class             Class
	personal, cluster bool
	anything          bool     // scopes that are otherwise only read on existing tokens, too
	held              []string // sorted; scopes that it has already, and may keep although no new token would get them
}

// scopes checks the scopes asked for and returns them sorted and without duplicates.
func (s *Service) scopes(wrong *findings, h holder, wanted []string) []string {
	switch {
	case len(wanted) == 0:
		wrong.add("scopes", "A token needs at least one scope.")
		return nil
	case len(wanted) > maxScopes:
		wrong.add("scopes", "A token has at most %d scopes.", maxScopes)
		return nil
	}
	check := s.checkScope
	if h.class == ClassOAuth {
		check = s.checkOAuthScope
	}
	for i, value := range wanted {
		if wrong.full() {
			break // looking for the scope that was meant costs something
		}
		if sentence := check(h, value); sentence != "" {
			wrong.add(fmt.Sprintf("scopes[%d]", i), "%s", sentence)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(wanted)))
}

// checkScope says what is wrong with a scope, "" where nothing is.
func (s *Service) checkScope(h holder, value string) string {
	known, ok := s.config.Scopes.Lookup(value)
	_, held := slices.BinarySearch(h.held, value)
	switch {
	case !ok:
		return unknownScope(s.config.Scopes, value)
	case h.personal && !known.Personal:
		return fmt.Sprintf("A personal token cannot have the scope %s.", value)
	case h.anything || held:
		return ""
	case known.Cluster && !h.cluster:
		return fmt.Sprintf("The scope %s is for cluster tokens only.", value)
	case !known.Cluster && !known.Creatable:
		return fmt.Sprintf("The scope %s cannot be given to a new token.", value)
	}
	return ""
}

func (s *Service) checkOAuthScope(_ holder, value string) string {
	if s.config.OAuth == nil {
		if !scope.Valid(value) {
			return unknownScope(nil, value)
		}
		return ""
	}
	if _, ok := s.config.OAuth.Lookup(value); !ok {
		return unknownScope(s.config.OAuth, value)
	}
	return ""
}

func unknownScope(catalog *scope.Catalog, value string) string {
	if nearest, ok := catalog.Suggest(value); ok {
		return fmt.Sprintf("There is no scope %.140q. Did you mean %s?", Mask(value), nearest)
	}
	return fmt.Sprintf("There is no scope %.140q.", Mask(value))
}
