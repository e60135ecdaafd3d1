package console

import (
	"net/http"
)

// place is where a person administers policies, groups and users: the account of the credential, and the environment in it.
type place struct {
	Account     string `json:"account"`
	Environment string `json:"environment"`
}

// place asks the API whose the credential is.
func (v *visit) place() (place, error) {
	var here place
	err := v.api.Get("/api/doorward/v1/caller", nil, &here)
	return here, err
}

// of is a path of the account's: of("users", id).
func (p place) of(parts ...string) string {
	return to("/iam/v1/accounts", append([]string{p.Account}, parts...)...)
}

// environment is the level of the credential's own environment. What is bound at the account is good there too.
func (p place) environment() policyLevel { return policyLevel{"environment", p.Environment} }

// names is the level at which to list what can be bound at another one. What an environment lists has in it what the account does,
// and what somebody tries to bind at the account that cannot be.
func (p place) names(at policyLevel) policyLevel {
	if at.Type == "environment" {
		return at
	}
	return p.environment()
}

// leveled is a level as the API writes it beside a thing.
type leveled struct {
	LevelType string `json:"levelType"`
	LevelID   string `json:"levelId"`
}

// Level is that level as pages know it.
func (l leveled) Level() policyLevel {
	switch l.LevelType {
	case "environment":
		return policyLevel{"environment", l.LevelID}
	case "global":
		return builtInPolicies
	}
	return accountPolicies
}

// maxLevels bounds how many levels are offered; every other can be had by its address.
const maxLevels = 100

// levels are those where this person can bind: the account, and its environments. Who may not list the environments is
// offered the own one.
func (v *visit) levels(here place) ([]policyLevel, error) {
	all := []policyLevel{accountPolicies}
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	switch err := v.api.Get(to("/env/v2/accounts", here.Account, "environments"), nil, &list); {
	case isRefusal(err, http.StatusForbidden):
		return append(all, here.environment()), nil
	case err != nil:
		return nil, err
	}
	for _, e := range list.Data[:min(len(list.Data), maxLevels)] {
		all = append(all, policyLevel{"environment", e.ID})
	}
	return all, nil
}

// choicesOf are levels as options of a select.
func choicesOf(levels []policyLevel) []Choice {
	var all []Choice
	for _, l := range levels {
		all = append(all, Choice{l.Key(), l.Label()})
	}
	return all
}
