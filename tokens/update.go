package tokens

import (
	"context"
	"errors"
	"slices"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
)

// Update says what is to change in a token; nil leaves a part as it is.
type Update struct {
	Name     *string
	Enabled  *bool
	Scopes   *[]string // takes the place of all; at least one
	Networks *[]string // takes the place of all; none: from everywhere

	// Staff marks the token as one of remote support staff. False leaves the mark as it is: nothing takes it back.
	Staff bool
}

// errUnchanged leaves a transaction that would change nothing.
var errUnchanged = errors.New("nothing to change")

// Update changes a token as a whole or not at all, whoever else changes it at the same time. The scopes that are added
// must be such as a new token may have; those that the token has may stay. What is already so is no change: without any,
// there is neither an event nor an error. fault.NotFound when there is no such token, fault.Invalid says what is wrong
// with the update, part by part.
func (s *Service) Update(ctx context.Context, actor, id string, u Update) error {
	return s.update(ctx, actor, id, u, func(Record) error { return nil })
}

// SetEnabled switches a token on or off. Doing so twice is fine, and leaves one audit event.
func (s *Service) SetEnabled(ctx context.Context, actor, id string, enabled bool) error {
	return s.Update(ctx, actor, id, Update{Enabled: &enabled})
}

// update is Update with a last look at the record within the transaction. The look may happen again when the transaction
// has to be repeated, and must not call the store.
func (s *Service) update(ctx context.Context, actor, id string, u Update, look func(Record) error) error {
	// Told even when the store reports a fault: the change may have been committed all the same, and a cache that
	// asks once too often is harmless.
	defer s.config.OnChange(id)
	e := s.event(actor, actionOn(id, u.verb()), id, nil)
	err := s.config.Store.UpdateToken(ctx, id, &e, func(r *Record) error {
		if err := look(*r); err != nil {
			return err
		}
		revised, err := s.revise(*r, u)
		if err != nil {
			return err
		}
		patch, err := patchOf(*r, revised)
		if err != nil {
			return err
		}
		e.Patch, *r = patch, revised
		return nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return storeFault(err)
}

// verb is chosen by what is asked for, so that a token which is only switched off is found under that word.
func (u Update) verb() string {
	switch {
	case u.Enabled == nil || u.Name != nil || u.Scopes != nil || u.Networks != nil || u.Staff:
		return "update"
	case *u.Enabled:
		return "enable"
	}
	return "disable"
}

// revise is the record with the update in it. It shares nothing with either.
func (s *Service) revise(r Record, u Update) (Record, error) {
	var wrong findings
	after := r
	if u.Name != nil {
		wrong.text("name", "name of a token", *u.Name, 1, longestName(kindOf(r.ID)))
		after.Name = *u.Name
	}
	if u.Enabled != nil {
		after.Enabled = *u.Enabled
	}
	if u.Scopes != nil {
		after.Scopes = s.revisedScopes(&wrong, r, *u.Scopes)
	}
	if u.Networks != nil {
		after.Networks = wrong.networks("allowedNetworks", *u.Networks)
	}
	after.Staff = revisedStaff(&wrong, r, u)
	if err := wrong.err(); err != nil {
		return Record{}, err
	}
	if after.Name != r.Name || !slices.Equal(after.Scopes, r.Scopes) || !slices.Equal(after.Networks, r.Networks) || after.Staff != r.Staff {
		after.Modified = s.now()
	}
	return after, nil
}

func (s *Service) revisedScopes(wrong *findings, r Record, wanted []string) []string {
	if r.ActiveGate != "" {
		wrong.add("scopes", "An ActiveGate token has no scopes.")
		return nil
	}
	class := ClassToken
	if f, known := s.config.Formats.Lookup(kindOf(r.ID)); known && !r.Legacy {
		class = f.Class
	}
	return s.scopes(wrong, holder{class: class, personal: r.Personal, cluster: r.Cluster, held: r.Scopes}, wanted)
}

// changeable is the part of a token that an update can change, in the words of the API.
type changeable struct {
	Name     string   `json:"name"`
	Enabled  bool     `json:"enabled"`
	Scopes   []string `json:"scopes,omitempty"`
	Networks []string `json:"allowedNetworks,omitempty"`
	Staff    bool     `json:"staff,omitempty"`
}

func changeableOf(r Record) changeable {
	return changeable{Name: r.Name, Enabled: r.Enabled, Scopes: r.Scopes, Networks: r.Networks, Staff: r.Staff}
}

// patchOf is what an audit event says about a change of a token; errUnchanged where there is none.
func patchOf(before, after Record) (string, error) {
	return patch(changeableOf(before), changeableOf(after))
}

// patch is what an audit event says about a change, with secrets masked; errUnchanged where there is none.
func patch(before, after any) (string, error) {
	text, err := audit.Patch(before, after)
	switch {
	case err != nil:
		return "", fault.New(fault.Internal, "The change could not be recorded.", err)
	case text == "":
		return "", errUnchanged
	}
	return Mask(text), nil
}
