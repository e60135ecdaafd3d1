package module

import (
	"golang.org/x/text/unicode/norm"

	"github.com/doorward/doorward/policyengine/pap"
)

// federation finds the groups of an account by the names that issuers give them. It is never changed, only replaced.
type federation map[string]map[string][]string // identifiers of groups, by account and name

// newFederation takes two names for each group: its federated values, and its own identifier. Names are compared exactly,
// but for the Unicode form, which package jwt settles for what tokens say.
func newFederation(groups []pap.Group) federation {
	f := federation{}
	for _, g := range groups {
		names := f[g.AccountID]
		if names == nil {
			names = map[string][]string{}
			f[g.AccountID] = names
		}
		names[g.UUID] = append(names[g.UUID], g.UUID)
		for _, value := range g.FederatedValues {
			value = norm.NFC.String(value)
			names[value] = append(names[value], g.UUID)
		}
	}
	return f
}

// groupsNamed are the groups of an account that these names stand for, sorted. A name that nobody has given to a group
// stands for none.
func (r *rules) groupsNamed(account string, names []string) []string {
	published := r.federation.Load()
	if published == nil {
		return nil
	}
	known := (*published)[account]
	var found []string
	for _, name := range names {
		found = append(found, known[name]...)
	}
	return distinct(found)
}
