package doorwardcmd

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/pap"
)

// placeFlags say where policies, groups and users are administered, and in which store.
type placeFlags struct {
	storeFlags
	account, environment string
}

// register is for what lives, or holds, at accounts and environments.
func (f *placeFlags) register(cmd *cobra.Command) {
	f.registerAccount(cmd)
	cmd.Flags().StringVar(&f.environment, "environment", "", "One environment (default the whole account)")
}

// registerAccount is for what lives at accounts only.
func (f *placeFlags) registerAccount(cmd *cobra.Command) {
	f.storeFlags.register(cmd)
	cmd.Flags().StringVar(&f.account, "account", "", "Account (default the config's)")
}

// desk is where a command works: a store, and a place in it.
type desk struct {
	ctx      context.Context
	cmd      *cobra.Command
	policies *pap.Service
	account  string
	place    *placeFlags
}

// withDesk is withStore for everything around policies.
func withDesk(cmd *cobra.Command, f *placeFlags, p presence, work func(desk) error) error {
	return withStore(cmd.Context(), &f.storeFlags, p, func(a *module.Administration) error {
		return work(desk{cmd.Context(), cmd, a.Policies, cmp.Or(f.account, a.Account), f})
	})
}

// level is where something new goes.
func (d desk) level() pap.Level {
	if d.place.environment != "" {
		return pap.EnvironmentLevel(d.place.environment)
	}
	return pap.AccountLevel(d.account)
}

// levels are those that can be changed and hold at the place, narrowest first.
func (d desk) levels() []pap.Level {
	if d.place.environment != "" {
		return []pap.Level{d.level(), pap.AccountLevel(d.account)}
	}
	return []pap.Level{d.level()}
}

func levelText(l pap.Level) string {
	if l == pap.GlobalLevel {
		return l.ID
	}
	return string(l.Type) + " " + l.ID
}

// policy finds a policy by identifier or name. A name that policies of several levels have is refused: to take one of
// them would bind, or delete, the other one half of the time.
func (d desk) policy(wanted string) (pap.Policy, error) {
	var found []pap.Policy
	for _, level := range append(d.levels(), pap.GlobalLevel) {
		if isIdentifier(wanted) {
			if p, err := d.policies.Policy(d.ctx, level, wanted); !isMissing(err) {
				return p, err
			}
		}
		named, err := d.policies.Policies(d.ctx, pap.PolicyQuery{Level: level, Name: wanted})
		if err != nil {
			return pap.Policy{}, err
		}
		found = append(found, named...)
	}
	switch len(found) {
	case 0:
		return pap.Policy{}, d.missing("policy", wanted)
	case 1:
		return found[0], nil
	}
	return pap.Policy{}, fmt.Errorf("there is a policy %s at %s and at %s; name one by its identifier, %s or %s",
		wanted, levelText(found[0].Level), levelText(found[1].Level), found[0].UUID, found[1].UUID)
}

// boundary finds a boundary of the account by identifier or name.
func (d desk) boundary(wanted string) (pap.Boundary, error) {
	if isIdentifier(wanted) {
		if b, err := d.policies.Boundary(d.ctx, d.account, wanted); !isMissing(err) {
			return b, err
		}
	}
	named, err := d.policies.Boundaries(d.ctx, pap.BoundaryQuery{AccountID: d.account, Name: wanted})
	return only(d, "boundary", wanted, named, err)
}

// group finds a group of the account by identifier or name.
func (d desk) group(wanted string) (pap.Group, error) {
	if isIdentifier(wanted) {
		if g, err := d.policies.Group(d.ctx, d.account, wanted); !isMissing(err) {
			return g, err
		}
	}
	named, err := d.policies.Groups(d.ctx, pap.GroupQuery{AccountID: d.account, Name: wanted})
	return only(d, "group", wanted, named, err)
}

// only is the one of that name: boundaries and groups have names of their own in an account.
func only[T any](d desk, noun, wanted string, named []T, err error) (T, error) {
	if err == nil && len(named) > 0 {
		return named[0], nil
	}
	if err == nil {
		err = d.missing(noun, wanted)
	}
	var none T
	return none, err
}

// user finds a user of the account by identifier or e-mail address.
func (d desk) user(wanted string) (pap.User, error) {
	u, err := d.policies.User(d.ctx, d.account, wanted)
	if isMissing(err) {
		err = d.missing("user", wanted)
	}
	return u, err
}

// missing says what there is none of, and what shows those there are.
func (d desk) missing(noun, wanted string) error {
	public := fmt.Sprintf("there is no %s %s; `%s %s list` shows those there are", noun, wanted, nounsPath(d.cmd), noun)
	return fault.New(fault.NotFound, public, nil)
}

func isMissing(err error) bool { return err != nil && fault.KindOf(err) == fault.NotFound }

// nounsPath is what is typed before a noun: doorward, or caddy doorward.
func nounsPath(verb *cobra.Command) string { return verb.Parent().Parent().CommandPath() }

// isIdentifier reports whether an argument has the form of an identifier. It can be a name all the same.
func isIdentifier(argument string) bool { return uuidShape.MatchString(strings.ToLower(argument)) }

// everything walks over all pages of a listing. The service bounds how much there can be of what is listed so.
func everything[T any](list func(pap.Page) ([]T, error), id func(T) string) ([]T, error) {
	page := pap.Page{Limit: pageSize}
	var all []T
	for {
		next, err := list(page)
		if err != nil {
			return nil, err
		}
		all = append(all, next...)
		if len(next) < pageSize {
			return all, nil
		}
		page.After = id(all[len(all)-1])
	}
}

// oneName is the argument of a verb about one thing.
func oneName(cmd *cobra.Command, args []string, noun string) (string, error) {
	if len(args) != 1 || args[0] == "" {
		return "", usageErrorf("name one %s; `%s list` shows those there are", noun, cmd.Parent().CommandPath())
	}
	return args[0], nil
}

// someNames are the arguments of a verb about several things.
func someNames(cmd *cobra.Command, args []string, noun string) ([]string, error) {
	if len(args) == 0 {
		return nil, usageErrorf("name at least one %s; `%s list` shows those there are", noun, cmd.Parent().CommandPath())
	}
	return args, nil
}

// each does something to one thing after the other. One that fails does not keep the next one from it.
func (d desk) each(names []string, do func(name string) error) error {
	var failed error
	for _, name := range names {
		if err := do(name); err != nil {
			remark(d.cmd, "%s: %s", name, explain(err))
			failed = errReported
		}
	}
	return failed
}

// changed tells that something was done, one line for each.
func (d desk) changed(done, id, name string) error {
	_, err := fmt.Fprintf(d.cmd.OutOrStdout(), "%s %s (%s)\n", done, id, oneLine(name))
	return err
}
