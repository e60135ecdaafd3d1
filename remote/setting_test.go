package remote_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/remote"
)

var settings = []remote.Setting{remote.Off, remote.All, remote.ReadOnly, remote.Approved, remote.ApprovedReadOnly}

func TestSettingWords(t *testing.T) {
	for _, s := range settings {
		if back, ok := remote.ParseSetting(s.String()); back != s || !ok {
			t.Errorf("%s: %s %v", s, back, ok)
		}
		if back := s.Preferences().Setting(); back != s {
			t.Errorf("%s as booleans is %s", s, back)
		}
	}
	for _, word := range []string{"", "ALL", "readonly", "Setting(9)"} {
		if s, ok := remote.ParseSetting(word); ok || s != remote.Off {
			t.Errorf("%q: %s %v", word, s, ok)
		}
	}
}

func TestPreferencesWith(t *testing.T) {
	yes, no := new(bool), new(bool)
	*yes = true
	for name, test := range map[string]struct {
		before remote.Setting
		change remote.PreferencesChange
		want   remote.Setting
	}{
		"nothing":             {remote.All, remote.PreferencesChange{}, remote.Off},
		"off":                 {remote.All, remote.PreferencesChange{Allow: no}, remote.Off},
		"on again":            {remote.Off, remote.PreferencesChange{Allow: yes}, remote.Approved},
		"all by name":         {remote.Off, remote.PreferencesChange{Allow: yes, OnDemandOnly: no, ReadOnly: no}, remote.All},
		"false that is lost":  {remote.Approved, remote.PreferencesChange{Allow: yes}, remote.Approved},
		"read-only that is":   {remote.ReadOnly, remote.PreferencesChange{Allow: yes}, remote.ReadOnly},
		"lifted by name":      {remote.ReadOnly, remote.PreferencesChange{Allow: yes, ReadOnly: no}, remote.All},
		"both restrictions":   {remote.Approved, remote.PreferencesChange{Allow: yes, ReadOnly: yes}, remote.ApprovedReadOnly},
		"restricted, not on":  {remote.All, remote.PreferencesChange{OnDemandOnly: yes}, remote.Off},
		"approved is lifted":  {remote.ApprovedReadOnly, remote.PreferencesChange{Allow: yes, OnDemandOnly: no}, remote.ReadOnly},
		"read-only is lifted": {remote.ApprovedReadOnly, remote.PreferencesChange{Allow: yes, ReadOnly: no}, remote.Approved},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want.String(), test.before.With(test.change).String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAbsentNeverWidens. Attack: a client that leaves false out of its JSON, or a short document by somebody who may
// change preferences, lifts a restriction that nobody named. Fix: what is absent keeps its restriction. Invariant: what a
// change lets in beyond the setting before, it names.
func TestAbsentNeverWidens(t *testing.T) {
	maybe := rapid.SampledFrom([]*bool{nil, new(bool), func() *bool { b := true; return &b }()})
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.SampledFrom(settings).Draw(t, "before")
		c := remote.PreferencesChange{Allow: maybe.Draw(t, "allow"), OnDemandOnly: maybe.Draw(t, "demand"), ReadOnly: maybe.Draw(t, "read")}
		was, is := before.Preferences(), before.With(c).Preferences()
		if is.Allow && (c.Allow == nil || !*c.Allow) || is.Allow && was.OnDemandOnly && !is.OnDemandOnly && c.OnDemandOnly == nil ||
			is.Allow && was.ReadOnly && !is.ReadOnly && c.ReadOnly == nil {
			t.Fatalf("%+v became %+v by %+v", was, is, c)
		}
	})
}
