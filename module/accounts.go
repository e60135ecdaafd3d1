package module

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/policyengine/papapi"
)

// Account is a customer, with users, groups and policies of its own. What is bound at an account holds in every environment
// of it.
type Account struct {
	// Its identifier, in paths and in `urn:dtaccount:…`. Required.
	ID string `json:"id"`

	// What people call it. Default: its identifier.
	Name string `json:"name,omitempty"`

	// Its environments. One that no account lists belongs to the first account.
	Environments []AccountEnvironment `json:"environments,omitempty"`
}

// AccountEnvironment is an environment as the API lists it.
type AccountEnvironment struct {
	// The name by which requests and tokens know it, also in `urn:dtenvironment:…`. Required.
	ID string `json:"id"`

	// What people call it. Default: its identifier.
	Name string `json:"name,omitempty"`

	// Where its API is, for clients that ask. Default: none is told.
	URL string `json:"url,omitempty"`

	// Listed as inactive. Requests to it are judged as ever.
	Inactive bool `json:"inactive,omitempty"`
}

// Bounds of what a config may say about accounts.
const (
	maxAccounts            = 1000
	maxAccountEnvironments = 10_000 // of all accounts together
	maxDisplayName         = 255    // characters
)

// accounts are those of a config, ready to be asked. They are immutable. A request asks for the account of its environment, so
// that is one look into a map.
type accounts struct {
	all          []papapi.Account
	environments map[string][]papapi.Environment // by account
	of           map[string]string               // account of the environments that are listed
}

var _ papapi.Environments = (*accounts)(nil)

// newAccounts checks what a config says. With no list there is one account. The environment of requests that name none is
// listed where no account lists it.
func newAccounts(list []Account, account, environment string) (*accounts, error) {
	if len(list) == 0 {
		list = []Account{{ID: account}}
	}
	if list[0].ID != account {
		return nil, fmt.Errorf("account %q: expected the first of the accounts, %q", account, list[0].ID)
	}
	as := &accounts{environments: map[string][]papapi.Environment{}, of: map[string]string{}}
	var errs []error
	for _, a := range list {
		errs = append(errs, as.add(a))
	}
	if _, listed := as.of[environment]; !listed {
		errs = append(errs, as.addEnvironment(account, AccountEnvironment{ID: environment}))
	}
	if len(as.all) > maxAccounts || len(as.of) > maxAccountEnvironments {
		errs = append(errs, fmt.Errorf("there are more than %d accounts or %d environments", maxAccounts, maxAccountEnvironments))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return as, nil
}

func (as *accounts) add(a Account) error {
	if err := a.check(); err != nil {
		return err
	}
	if slices.ContainsFunc(as.all, func(other papapi.Account) bool { return other.ID == a.ID }) {
		return fmt.Errorf("account %q is given twice", a.ID)
	}
	as.all = append(as.all, papapi.Account{ID: a.ID, Name: orName(a.Name, a.ID)})
	for _, e := range a.Environments {
		if err := as.addEnvironment(a.ID, e); err != nil {
			return fmt.Errorf("account %q: %w", a.ID, err)
		}
	}
	return nil
}

func (as *accounts) addEnvironment(account string, e AccountEnvironment) error {
	if err := e.check(); err != nil {
		return err
	}
	if other, listed := as.of[e.ID]; listed {
		return fmt.Errorf("environment %q is listed by the account %q already", e.ID, other)
	}
	as.of[e.ID] = account
	as.environments[account] = append(as.environments[account], papapi.Environment{
		ID: e.ID, Name: orName(e.Name, e.ID), URL: e.URL, Active: !e.Inactive,
	})
	return nil
}

func orName(name, id string) string {
	if name == "" {
		return id
	}
	return name
}

func (a Account) check() error {
	if err := checkAccount(a.ID); err != nil {
		return err
	}
	return checkDisplayName("account", a.ID, a.Name)
}

func (e AccountEnvironment) check() error {
	if err := checkEnvironmentName(e.ID); err != nil {
		return err
	}
	if err := checkDisplayName("environment", e.ID, e.Name); err != nil {
		return err
	}
	if e.URL == "" {
		return nil
	}
	u, err := url.Parse(e.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return fmt.Errorf("environment %q: url: expected one such as https://prod.example.com", e.ID)
	}
	return nil
}

// checkDisplayName wants what can stand on one line.
func checkDisplayName(what, id, name string) error {
	if utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxDisplayName &&
		!slices.ContainsFunc([]rune(name), func(r rune) bool { return !unicode.IsPrint(r) }) {
		return nil
	}
	return fmt.Errorf("%s %q: name: expected at most %d printable characters", what, id, maxDisplayName)
}

// Accounts are all accounts, in the order of the config. The first is that of environments that nobody lists.
func (as *accounts) Accounts() []papapi.Account { return slices.Clone(as.all) }

// EnvironmentsOf are the listed environments of an account, in the order of the config; none for one that there is not.
func (as *accounts) EnvironmentsOf(account string) []papapi.Environment {
	return slices.Clone(as.environments[account])
}

// AccountOf is the account of an environment. It is false for what cannot be the name of one.
func (as *accounts) AccountOf(environment string) (account string, ok bool) {
	if account, listed := as.of[environment]; listed {
		return account, true
	}
	return as.all[0].ID, isEnvironmentName(environment)
}

// has reports whether there is such an account.
func (as *accounts) has(account string) bool {
	return slices.ContainsFunc(as.all, func(a papapi.Account) bool { return a.ID == account })
}

// accounts are the accounts of the app's config.
func (a *App) accounts() (*accounts, error) { return newAccounts(a.Accounts, a.Account, a.Environment) }
