package remote_test

import (
	"testing"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/remote"
)

// TestPreferences: the three booleans and what is kept beside them are one change with one event, which says all that is
// different and nothing else.
func TestPreferences(t *testing.T) {
	o := open(remote.Rules{}, remote.Off)
	yes, no := new(true), new(false)
	for _, test := range []struct {
		change remote.PreferencesChange
		want   remote.Setting
		patch  string
	}{
		{
			remote.PreferencesChange{Allow: yes, Others: map[string]bool{"helpChatEnabled": true, "telemetrySharing": false}}, remote.Approved,
			`[{"op":"add","path":"/helpChatEnabled","value":true},{"op":"replace","path":"/supportAllowRemoteAccess","oldValue":false,"value":true},` +
				`{"op":"add","path":"/telemetrySharing","value":false}]`,
		},
		{
			remote.PreferencesChange{Allow: yes, OnDemandOnly: no, ReadOnly: yes, Others: map[string]bool{"helpChatEnabled": true}}, remote.ReadOnly,
			`[{"op":"replace","path":"/readOnlyRemoteAccessAllowed","oldValue":false,"value":true},` +
				`{"op":"replace","path":"/remoteAccessOnDemandOnly","oldValue":true,"value":false},{"op":"remove","path":"/telemetrySharing","oldValue":false}]`,
		},
		// What is kept has no effect, whatever it is called.
		{
			remote.PreferencesChange{Allow: yes, Others: map[string]bool{"readOnlyRemoteAccessAllowed": false}}, remote.ReadOnly,
			`[{"op":"remove","path":"/helpChatEnabled","oldValue":true}]`,
		},
	} {
		same(t, test.want.Preferences(), must(o.SetPreferences(t.Context(), ann, test.change)))
		p, others, err := o.Preferences(t.Context())
		same(t, nil, err)
		same(t, test.want.Preferences(), p)
		same(t, test.change.Others, others)
		events := o.store.Events()
		same(t, test.patch, events[len(events)-1].Patch)
	}
	same(t, 3, len(o.store.Events()))
	// The setting by itself leaves alone what is kept.
	must(o.SetSetting(t.Context(), ann, func(remote.Setting) remote.Setting { return remote.Off }))
	_, others, _ := o.Preferences(t.Context())
	same(t, 1, len(others))

	_, err := o.SetPreferences(t.Context(), staff, remote.PreferencesChange{Allow: yes})
	refused(t, err, fault.Forbidden)
}

// TestPreferencesOff: the preferences end grants as the setting does.
func TestPreferencesOff(t *testing.T) {
	o := open(remote.Rules{}, remote.Approved)
	r := must(o.Grant(t.Context(), ann, ask()))
	must(o.SetPreferences(t.Context(), bob, remote.PreferencesChange{}))
	if v := o.decide(remote.EnvRead); v.Allows() {
		t.Error(v)
	}
	// A closed gate does not close the books.
	_, err := o.Show(t.Context(), r.ID)
	refused(t, err, fault.Forbidden)
	if got := must(o.Kept(t.Context(), r.ID)); got.State != remote.Expired || got.ChangedBy != bob.Name {
		t.Error(got)
	}
	_, err = o.Kept(t.Context(), "x")
	refused(t, err, fault.Invalid)
}
