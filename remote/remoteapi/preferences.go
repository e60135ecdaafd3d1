package remoteapi

import (
	"encoding/json"
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/remote"
)

// preferencesOperations are the two calls of the original.
func (c Config) preferencesOperations() []rest.Operation {
	const path = "/api/v1.0/onpremise/preferences"
	return []rest.Operation{
		{Method: http.MethodGet, Path: path, Serve: c.showPreferences},
		{Method: http.MethodPost, Path: path, Action: actionSetting, Serve: c.setPreferences},
	}
}

// The preferences that are the setting.
const (
	allowAccess  = "supportAllowRemoteAccess"
	onDemandOnly = "remoteAccessOnDemandOnly"
	readOnly     = "readOnlyRemoteAccessAllowed"
)

// otherPreferences are those of the original that have no effect here. They are kept, because clients send the whole object
// and look whether it comes back. Members that the original does not have are passed over.
var otherPreferences = []string{
	"certificateManagementEnabled", "certificateManagementPossible", "supportSendBilling", "suppressNonBillingRelevantData",
	"supportSendClusterHealth", "supportSendEvents", "communityCreateUser", "communityExternalSearch", "ruxitMonitorsRuxit",
	"telemetrySharing", "helpChatEnabled", "backupEnabled",
}

func (c Config) showPreferences(w http.ResponseWriter, call *rest.Call) error {
	p, others, err := c.Service.Preferences(call.Context())
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, preferencesView(p, others))
}

// preferencesView has every preference there is. What was never given is false.
func preferencesView(p remote.Preferences, others map[string]bool) map[string]bool {
	view := map[string]bool{allowAccess: p.Allow, onDemandOnly: p.OnDemandOnly, readOnly: p.ReadOnly}
	for _, name := range otherPreferences {
		view[name] = others[name]
	}
	return view
}

func (c Config) setPreferences(w http.ResponseWriter, call *rest.Call) error {
	var members map[string]json.RawMessage
	if err := read(call, &members); err != nil {
		return err
	}
	change, err := changeOf(members)
	if err != nil {
		return err
	}
	after, err := c.Service.SetPreferences(call.Context(), actor(call), change)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, preferencesView(after, change.Others))
}

// changeOf reads the preferences that a client names.
func changeOf(members map[string]json.RawMessage) (remote.PreferencesChange, error) {
	change := remote.PreferencesChange{Others: map[string]bool{}}
	for _, p := range []struct {
		name string
		into **bool
	}{{allowAccess, &change.Allow}, {onDemandOnly, &change.OnDemandOnly}, {readOnly, &change.ReadOnly}} {
		var err error
		if *p.into, err = boolean(members, p.name); err != nil {
			return change, err
		}
	}
	for _, name := range otherPreferences {
		value, err := boolean(members, name)
		if err != nil {
			return change, err
		}
		if value != nil {
			change.Others[name] = *value
		}
	}
	return change, nil
}

// boolean is nil for a member that is absent or null.
func boolean(members map[string]json.RawMessage, name string) (*bool, error) {
	text, there := members[name]
	if !there {
		return nil, nil
	}
	var value *bool
	if json.Unmarshal(text, &value) != nil {
		return nil, rest.Invalid(name, "Expected true or false.")
	}
	return value, nil
}
