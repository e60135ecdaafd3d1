package doorwardcmd

import (
	"cmp"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

// attributeFlags are what is decided about a token when it is made or brought in.
type attributeFlags struct {
	name, owner, environment, expires string

	scopes, networks []string
	environments     []string // of a platform token

	allScopes, personal, cluster, administrator, staff bool
}

func (f *attributeFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "What the token is for (required)")
	flags.StringSliceVar(&f.scopes, "scope", nil, "Scope of the token; several with commas, or with the flag repeated")
	flags.BoolVar(&f.allScopes, "all-scopes", false, "Every scope that such a token can be given")
	flags.StringSliceVar(&f.networks, "network", nil, "Network that the token may be used from, as 192.0.2.0/24; may be repeated (default from everywhere)")
	flags.StringVar(&f.owner, "owner", "", "User that the token belongs to")
	flags.StringVar(&f.environment, "environment", "", "Environment that the token is good for (default the config's)")
	flags.StringVar(&f.expires, "expires", "", "When the token ends, as now+14d or 2027-01-25T05:57:01Z (default never)")
	flags.BoolVar(&f.personal, "personal", false, "A personal token, which acts as its owner")
	flags.BoolVar(&f.staff, "staff", false, "A token of remote support staff: it gets no further than --owner is let in")
	flags.BoolVar(&f.cluster, "cluster", false, "A token that is good for the cluster realm too")
}

// check finds what is missing before the store is opened.
func (f *attributeFlags) check() error {
	switch {
	case f.name == "":
		return usageErrorf("say what the token is for, with --name")
	case len(f.scopes) == 0 && !f.allScopes:
		return usageErrorf("say what the token may do, with --scope or --all-scopes")
	case len(f.scopes) > 0 && f.allScopes:
		return usageErrorf("--scope and --all-scopes exclude each other")
	case f.staff:
		return f.checkStaff()
	}
	return nil
}

// checkStaff finds what would keep out, without a word, the member of the staff whom the token is for.
func (f *attributeFlags) checkStaff() error {
	_, ok := remote.CanonicalUser(f.owner)
	switch {
	case f.administrator:
		return usageErrorf("--staff and --administrator exclude each other: no administrator is remote support staff")
	case f.owner == "":
		return usageErrorf("say which member of the staff the token belongs to, with --owner")
	case !ok:
		return usageErrorf("nobody is granted remote access under such a name as --owner has")
	}
	return nil
}

// attributes reads the flags, with the defaults of the store's config.
func (f *attributeFlags) attributes(a *module.Administration, now time.Time) (tokens.Attributes, error) {
	attributes := tokens.Attributes{
		Name: f.name, Owner: f.owner, Environment: cmp.Or(f.environment, a.Environment), Environments: f.environments,
		Scopes: f.scopes, Networks: f.networks, Personal: f.personal, Cluster: f.cluster, Administrator: f.administrator,
		Staff: f.staff,
	}
	if len(f.environments) > 0 {
		attributes.Environment = slices.Min(f.environments)
	}
	if f.allScopes {
		attributes.Scopes = f.possibleScopes(a.Scopes)
	}
	if f.expires != "" {
		var err error
		if attributes.Expires, err = tokens.ParseExpiry(f.expires, now); err != nil {
			return tokens.Attributes{}, err
		}
	}
	return attributes, nil
}

// possibleScopes are those that a token with these flags can be given, by the rules of tokens.Service.
func (f *attributeFlags) possibleScopes(catalog *scope.Catalog) []string {
	var values []string
	for _, s := range catalog.All() {
		possible := s.Creatable
		switch {
		case f.personal:
			possible = s.Creatable && s.Personal
		case s.Cluster:
			possible = f.cluster
		}
		if possible {
			values = append(values, s.Value)
		}
	}
	return values
}
