package module

import (
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseAccount reads
//
//	account <id> [<name>] {
//	    name        <text>
//	    environment <id> [<name>] {
//	        name     <text>
//	        url      <url>
//	        inactive
//	    }
//	}
//
// and adds an account. See settleAccounts for one that says no more than its identifier.
func (a *App) parseAccount(d *caddyfile.Dispenser) error {
	head := placeOf(d)
	var one Account
	if err := parseNamed(d, &one.ID, &one.Name, "an account"); err != nil {
		return err
	}
	if err := atLine(head, one.check()); err != nil {
		return err
	}
	if slices.ContainsFunc(a.Accounts, func(other Account) bool { return other.ID == one.ID }) {
		return head.Errf("account %s is given twice", one.ID)
	}
	err := parseBlock(d, "account", options{
		"name":        func(d *caddyfile.Dispenser) error { return parseOne(d, &one.Name, "a name") },
		"environment": func(d *caddyfile.Dispenser) error { return a.parseAccountEnvironment(d, &one) },
	})
	if err != nil {
		return err
	}
	a.Accounts = append(a.Accounts, one)
	return atLine(head, one.check())
}

// parseAccountEnvironment adds an environment to an account that is not added itself yet.
func (a *App) parseAccountEnvironment(d *caddyfile.Dispenser, to *Account) error {
	head := placeOf(d)
	var e AccountEnvironment
	if err := parseNamed(d, &e.ID, &e.Name, "an environment"); err != nil {
		return err
	}
	err := parseBlock(d, "environment", options{
		"name":     func(d *caddyfile.Dispenser) error { return parseOne(d, &e.Name, "a name") },
		"url":      func(d *caddyfile.Dispenser) error { return parseOne(d, &e.URL, "a URL") },
		"inactive": func(d *caddyfile.Dispenser) error { return parseFlag(d, &e.Inactive) },
	})
	if err != nil {
		return err
	}
	if err := atLine(head, e.check()); err != nil {
		return err
	}
	for _, account := range append(slices.Clone(a.Accounts), *to) {
		if slices.ContainsFunc(account.Environments, func(other AccountEnvironment) bool { return other.ID == e.ID }) {
			return head.Errf("environment %s is listed by the account %s already", e.ID, account.ID)
		}
	}
	to.Environments = append(to.Environments, e)
	return nil
}

// parseNamed reads an identifier and, after it, a name.
func parseNamed(d *caddyfile.Dispenser, id, name *string, what string) error {
	option, args := d.Val(), d.RemainingArgs()
	if len(args) < 1 || len(args) > 2 || args[0] == "" {
		return d.Errf("%s: expected %s and, where it has one, a name; got %d arguments", option, what, len(args))
	}
	*id = args[0]
	if len(args) == 2 {
		*name = args[1]
	}
	return nil
}

// settleAccounts has an account that stands alone, without a name and environments, be the app's only one.
func (a *App) settleAccounts() {
	if len(a.Accounts) == 1 && a.Accounts[0].Name == "" && a.Accounts[0].Environments == nil {
		a.Account, a.Accounts = a.Accounts[0].ID, nil
	}
}
