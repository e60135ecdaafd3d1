package remote

import (
	"context"
	"maps"

	"github.com/doorward/doorward/internal/feed"
)

// Setting returns the setting in force.
func (s *Service) Setting(ctx context.Context) (Setting, error) {
	c, err := s.current(ctx)
	return c.Setting.or(s.config.Initial), err
}

// Preferences returns the setting in force as clients of the preferences API see it, and the other preferences that are
// kept for them.
func (s *Service) Preferences(ctx context.Context) (Preferences, map[string]bool, error) {
	c, err := s.current(ctx)
	return c.Setting.or(s.config.Initial).Preferences(), c.Setting.Others, err
}

// SetSetting changes the setting to what change makes of the one in force, and returns the new one. Off ends every live
// grant with it; under All and ReadOnly grants are passed over, and their time runs on.
func (s *Service) SetSetting(ctx context.Context, actor Actor, change func(Setting) Setting) (Setting, error) {
	return s.set(ctx, actor, func(r *SettingRecord, before Setting) { r.Setting = change(before) })
}

// SetPreferences changes the setting as Setting.With has it, and what is kept along with it: one change, and one event.
func (s *Service) SetPreferences(ctx context.Context, actor Actor, change PreferencesChange) (Preferences, error) {
	after, err := s.set(ctx, actor, func(r *SettingRecord, before Setting) {
		r.Setting, r.Others = before.With(change), maps.Clone(change.Others)
	})
	return after.Preferences(), err
}

// set has the record changed in one transaction, together with the grants that end by it.
func (s *Service) set(ctx context.Context, actor Actor, change func(r *SettingRecord, before Setting)) (Setting, error) {
	if actor.Remote {
		return Off, errRemote
	}
	b := s.bulk(actor)
	e := s.entry(actor.Name, actionSetting, "", b.now)
	var after Setting
	err := s.config.Store.UpdateRemoteSetting(ctx, &e, func(r *SettingRecord) error {
		before := r.or(s.config.Initial)
		shown := preferencesOf(before, r.Others)
		if change(r, before); r.Setting > ApprovedReadOnly {
			r.Setting = Off
		}
		after, r.Changed, r.ChangedBy = r.Setting, b.now, actor.person()
		return s.record(&e, shown, preferencesOf(after, r.Others))
	}, func(r *Request) (*Entry, error) {
		if after != Off {
			return nil, nil
		}
		return b.revoke(r)
	})
	if err != nil {
		return Off, storeFault(err)
	}
	s.config.OnChange(feed.RemoteSetting, "")
	b.tell()
	return after, nil
}

// preferencesOf is what an audit record says of a setting, and of what is kept along with it. No other preference can pass
// for one of the three.
func preferencesOf(s Setting, others map[string]bool) map[string]bool {
	all := maps.Clone(others)
	if all == nil {
		all = map[string]bool{}
	}
	p := s.Preferences()
	all["supportAllowRemoteAccess"], all["remoteAccessOnDemandOnly"], all["readOnlyRemoteAccessAllowed"] = p.Allow, p.OnDemandOnly, p.ReadOnly
	return all
}
