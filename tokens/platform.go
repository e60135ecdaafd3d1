package tokens

import (
	"context"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/fault"
)

// KindPlatform is the prefix of platform tokens. Such a token acts for its owner, a user or a service user, with OAuth
// scopes, and with no more than the policies of the owner grant when it is used.
const KindPlatform = "dt0s16"

// MaxPlatformTokens is how many platform tokens a user has at most, in all environments together. One that has ended or is
// switched off counts until it is deleted.
const MaxPlatformTokens = 10

const (
	maxPlatformName         = 255 // characters
	maxPlatformEnvironments = 20
)

// EnvironmentsOf are all environments that a token is good for, sorted.
func EnvironmentsOf(r Record) []string {
	return slices.Compact(slices.Sorted(slices.Values(append([]string{r.Environment}, r.Environments...))))
}

// longestName is how many characters the name of a token of a kind has at most.
func longestName(kind string) int {
	if kind == KindPlatform {
		return maxPlatformName
	}
	return maxName
}

// checkPlatform finds what a platform token cannot be: it has the rights of its owner, cut down to its scopes, and no others.
func (a Attributes) checkPlatform(wrong *findings) {
	if a.Owner == "" {
		wrong.add("owner", "A platform token needs an owner, whom it acts for.")
	}
	if a.Administrator {
		wrong.add("administrator", "A platform token is never an administrator's.")
	}
	if a.Cluster {
		wrong.add("cluster", "A platform token never reaches the cluster realm.")
	}
}

// environments are those besides Environment, sorted.
func (a Attributes) environments(wrong *findings, kind string) []string {
	if len(a.Environments) == 0 {
		return nil
	}
	all := EnvironmentsOf(Record{Environment: a.Environment, Environments: a.Environments})
	switch {
	case kind != KindPlatform:
		wrong.add("environments", "Only a platform token is good for several environments.")
	case len(all) > maxPlatformEnvironments:
		wrong.add("environments", "A platform token is good for at most %d environments.", maxPlatformEnvironments)
	case slices.ContainsFunc(all, func(name string) bool { return !validEnvironment(name) }):
		wrong.add("environments", environmentHelp, maxEnvironment)
	}
	return slices.DeleteFunc(all, func(name string) bool { return name == a.Environment })
}

// CreatePlatform mints a platform token for the caller's own user or, where the caller is an administrator's, for any other.
// Without environments it is good for the one that the caller acts in. fault.Forbidden names an environment or a scope that
// the caller may not give; fault.Invalid says also that the user has as many as there may be.
//
// A token that does not act for a user makes none unless it is an administrator's: its owner is a remark, which nobody has
// checked, and the new token would have that user's rights.
func (l *Limited) CreatePlatform(ctx context.Context, request CreateRequest) (Created, error) {
	if err := l.notStaff(); err != nil {
		return Created{}, err
	}
	a := &request.Attributes
	request.Prefix = KindPlatform
	a.Personal, a.Administrator, a.Staff, a.Cluster, a.AllowUncreatable = false, false, false, false, false
	if a.Owner == "" {
		a.Owner = l.Owner
	}
	if a.Environment == "" {
		a.Environment = l.Environment
		if len(a.Environments) > 0 {
			a.Environment = slices.Min(a.Environments)
		}
	}
	r, err := l.service.prepare(request)
	if err != nil {
		return Created{}, err
	}
	if err := l.mayMakePlatform(ctx, r); err != nil {
		return Created{}, err
	}
	return l.service.issue(ctx, l.Actor, KindPlatform, r)
}

// vouchedFor reports a user who exists by the word of an issuer, who may take it back or name other groups with every JWT. A
// token that is good by itself would outlive that, and what stands behind the @ of such a name is nobody's domain here.
func vouchedFor(user string) bool { return strings.Contains(user, "://") }

func (l *Limited) mayMakePlatform(ctx context.Context, r Record) error {
	switch {
	case !l.Administrator && !l.actsForUser():
		return forbidden("Only a credential that acts for a user, or an administrator's token, makes platform tokens.")
	case !l.Administrator && (l.Owner == "" || r.Owner != l.Owner):
		return forbidden("Platform tokens of other users are made by administrators.")
	case vouchedFor(r.Owner):
		return forbidden("A user of another issuer has no platform tokens here.")
	}
	if err := l.reachesAll(r); err != nil {
		return err
	}
	for _, value := range r.Scopes {
		given, err := l.givesPlatform(ctx, value)
		if err != nil {
			return err
		}
		if !given {
			return forbidden("The scope %s is not yours to give: neither does your token hold it, nor do your policies grant it.", value)
		}
	}
	return nil
}

// givesPlatform is the rule for one scope. A platform token never gets past the policies of its owner, so what the caller
// holds as an OAuth scope itself, for the same user, it may hand on. The scopes of a personal token are of another realm,
// where the same name may stand for something else.
func (l *Limited) givesPlatform(ctx context.Context, value string) (bool, error) {
	switch {
	case l.Administrator:
		return true, nil
	case l.ActsForUser && !l.Personal && l.Holds != nil && l.Holds(value):
		return true, nil
	}
	return l.permitted(ctx, value)
}

// reachesAll refuses what would be good for an environment that the caller's own credential is not good for.
func (l *Limited) reachesAll(r Record) error {
	for _, environment := range EnvironmentsOf(r) {
		if !l.reaches(environment) {
			return forbidden("Your token is not good for the environment %s.", environment)
		}
	}
	return nil
}

func (l *Limited) reaches(environment string) bool {
	if l.Reaches == nil {
		return environment != "" && environment == l.Environment
	}
	return l.Reaches(environment)
}

// ShowPlatform returns the platform token with this identifier, if it is the caller's own user's, or good for an environment
// that the caller administers.
func (l *Limited) ShowPlatform(ctx context.Context, id string) (Record, error) {
	if kindOf(id) != KindPlatform {
		return Record{}, storeFault(ErrNotFound)
	}
	r, err := l.service.Show(ctx, id)
	if err == nil && !l.knowsPlatform(r) {
		return Record{}, storeFault(ErrNotFound)
	}
	return r, err
}

func (l *Limited) knowsPlatform(r Record) bool {
	if l.actsForUser() && l.Owner != "" && r.Owner == l.Owner {
		return true
	}
	return l.Administrator && slices.ContainsFunc(EnvironmentsOf(r), l.reaches)
}

// ListPlatforms are all platform tokens of a user ("" for the caller's own) that the caller may know of, newest first.
// fault.Forbidden for another user's, unless the caller is an administrator.
func (l *Limited) ListPlatforms(ctx context.Context, user string) ([]Record, error) {
	if user == "" {
		user = l.Owner
	}
	switch {
	case user == "":
		return nil, fault.InvalidFields(fault.Field{Name: "user", Message: "Name the user: your token has none."})
	case !l.Administrator && (!l.actsForUser() || user != l.Owner):
		return nil, forbidden("Platform tokens of other users are shown to administrators.")
	}
	// Beyond the limit there can be tokens only from the time before there was one.
	all, err := l.service.List(ctx, Query{Kind: KindPlatform, Owner: user})
	return slices.DeleteFunc(all, func(r Record) bool { return !l.knowsPlatform(r) }), err
}

// UpdatePlatform renames a platform token or switches it on or off; nil leaves a part as it is. Whoever knows of a token may
// switch it off; for anything else the caller's credential has to be good for all of its environments.
func (l *Limited) UpdatePlatform(ctx context.Context, id string, name *string, enabled *bool) error {
	if err := l.notStaff(); err != nil {
		return err
	}
	seen, err := l.ShowPlatform(ctx, id)
	if err != nil {
		return err
	}
	off := enabled != nil && !*enabled
	if off && id == l.Token {
		return fault.InvalidFields(fault.Field{Name: "enabled", Message: "A token cannot disable itself."})
	}
	if !off || name != nil {
		if err := l.reachesAll(seen); err != nil {
			return err
		}
	}
	return l.service.update(ctx, l.Actor, id, Update{Name: name, Enabled: enabled}, func(r Record) error {
		if r.Owner != seen.Owner || !slices.Equal(EnvironmentsOf(r), EnvironmentsOf(seen)) {
			return fault.New(fault.Conflict, "Others are changing the token at the same time. Try again.", errOutrun)
		}
		return nil
	})
}

// DeletePlatform removes a platform token that the caller knows of for good. It is named by its identifier only.
func (l *Limited) DeletePlatform(ctx context.Context, id string) error {
	if err := l.notStaff(); err != nil {
		return err
	}
	if _, err := l.ShowPlatform(ctx, id); err != nil {
		return err
	}
	if id == l.Token {
		return invalid("A token cannot delete itself.")
	}
	return l.service.Delete(ctx, l.Actor, id)
}
