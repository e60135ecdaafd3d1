package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/benchmarks/mix"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

const (
	actor   = "benchmark"
	account = module.DefaultAccount
	user    = "ann@example.org"
	root    = "root@example.org"
)

// Fill makes a store, in a file that is not there yet, with n tokens. Of these a gateway takes Working(n), which hold metrics.read and
// some other scopes; the rest have expired, or are personal ones.
func Fill(ctx context.Context, file string, n int) error {
	return fill.Store(ctx, "sqlite:"+file, fill.Sizes{Tokens: n, Users: 1, Groups: 1, Bindings: 1, Policies: 1})
}

// Working is how many of n tokens are good, at least.
func Working(n int) int { return n / 30 * 18 }

// ForWorking is how many tokens it takes for k good ones.
func ForWorking(k int) int { return (k + 17) / 18 * 30 }

// Token is the text of the k-th good token of a filled store, from 0.
func Token(k int) string { return fill.Token(fill.Working(k)) }

// NoToken is the text of the k-th token that looks as good as any, and is in no store.
func NoToken(k int) string { return fill.Token(-1 - k) }

// Badges are what some people show at a gateway, beside the tokens of Fill.
type Badges struct {
	Personal string // acts as a user, who is in one group
	Root     string // may say which policies the group has, as a Bearer token
	Account  string // of the user and the group
	Group    string
	Policies []string // that the group has, each with 100 statements at most
}

// Enrol adds a user with a personal token, in a group whose policies have n statements together, and somebody who may change that.
// No gateway may work on the store yet: it would hear of this later, and nobody could say when.
func Enrol(ctx context.Context, file string, n int) (Badges, error) {
	b := Badges{Account: account}
	err := administer(ctx, file, func(a *module.Administration) error {
		for _, step := range []func(context.Context, *module.Administration) error{b.hire, b.issue} {
			if err := step(ctx, a); err != nil {
				return err
			}
		}
		var err error
		if b.Policies, err = makePolicies(ctx, a, n, ""); err != nil {
			return err
		}
		var wanted []pap.PolicyTerms
		for _, id := range b.Policies {
			wanted = append(wanted, pap.PolicyTerms{Policy: id})
		}
		_, err = a.Policies.SetGroupBindings(ctx, actor, pap.AccountLevel(account), b.Group, wanted)
		return err
	})
	return b, err
}

// Draft says what policies say that nobody has: n statements together. It makes as many as that takes where ids is empty, and changes
// those otherwise; an account has room for twice 10,000 statements. Each draft has a mark of its own: its schemas begin with "app:",
// the mark and a number.
func Draft(ctx context.Context, file string, ids []string, n int, mark string) ([]string, error) {
	err := administer(ctx, file, func(a *module.Administration) (err error) {
		if len(ids) == 0 {
			ids, err = makePolicies(ctx, a, n, mark)
			return err
		}
		for i, id := range ids {
			if _, err := a.Policies.UpdatePolicy(ctx, actor, pap.AccountLevel(account), id, policy(i*inPolicy, n, mark)); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}

func administer(ctx context.Context, file string, do func(*module.Administration) error) error {
	a, err := module.OpenAdministration(ctx, module.AdministrationOptions{Store: "sqlite:" + file})
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}

// issue makes the tokens.
func (b *Badges) issue(ctx context.Context, a *module.Administration) error {
	for _, t := range []struct {
		text       *string
		prefix     string
		attributes tokens.Attributes
	}{
		{&b.Personal, "", tokens.Attributes{Owner: user, Personal: true, Scopes: []string{"settings.read"}}},
		{&b.Root, "dt0s16", tokens.Attributes{Owner: root, Scopes: []string{"iam-policies-management"}}},
	} {
		t.attributes.Name, t.attributes.Environment = "benchmark", fill.Environment
		made, err := a.Tokens.Create(ctx, actor, tokens.CreateRequest{Attributes: t.attributes, Prefix: t.prefix})
		if err != nil {
			return fmt.Errorf("token of %s: %w", t.attributes.Owner, err)
		}
		*t.text = made.Secret.Reveal()
	}
	return nil
}

// hire makes the user and the group.
func (b *Badges) hire(ctx context.Context, a *module.Administration) (err error) {
	b.Group, err = mix.Hire(ctx, a, account, user, "readers")
	return err
}

// inPolicy is how many statements a policy may have.
const inPolicy = 100

func makePolicies(ctx context.Context, a *module.Administration, n int, mark string) (ids []string, err error) {
	for first := 0; first < n; first += inPolicy {
		made, _, err := a.Policies.CreatePolicy(ctx, actor, pap.AccountLevel(account), "", policy(first, n, mark))
		if err != nil {
			return nil, err
		}
		ids = append(ids, made.UUID)
	}
	return ids, nil
}

// policy has the statements from number first on, of n.
func policy(first, n int, mark string) pap.PolicyAttributes {
	return pap.PolicyAttributes{Name: fmt.Sprintf("reading %s%d", mark, first), Statement: statements(first, min(n, first+inPolicy), mark)}
}

// statements are those from number first to before last, as a user may have them: each allows one schema, but for number 0, which
// allows all that begin with "app:any.", so that there are as many questions with different answers as one likes.
func statements(first, last int, mark string) string {
	var b strings.Builder
	for i := first; i < last; i++ {
		if i == 0 {
			b.WriteString("ALLOW settings:objects:read WHERE settings:schemaId STARTSWITH \"app:any.\";\n")
			continue
		}
		fmt.Fprintf(&b, "ALLOW settings:objects:read WHERE settings:schemaId = \"app:%s%d\";\n", mark, i)
	}
	return b.String()
}
