package remote

import "fmt"

// Setting says which of the support staff get in. The zero Setting is Off.
type Setting uint8

const (
	// Off lets nobody in, and ends every grant when it is set.
	Off Setting = iota
	// All lets every member of the staff in, with the role that is configured for this.
	All
	// ReadOnly lets every member of the staff in as Viewer.
	ReadOnly
	// Approved lets in whoever has a live grant, with its role.
	Approved
	// ApprovedReadOnly lets in whoever has a live grant, and as Viewer only, whatever the grant says.
	ApprovedReadOnly
)

var settingWords = [...]string{
	Off: "off", All: "all", ReadOnly: "read-only", Approved: "approved", ApprovedReadOnly: "approved-read-only",
}

// String is the word for a setting on the command line and in a configuration.
func (s Setting) String() string {
	if int(s) < len(settingWords) {
		return settingWords[s]
	}
	return fmt.Sprintf("Setting(%d)", uint8(s))
}

// ParseSetting reads what String writes.
func ParseSetting(word string) (Setting, bool) {
	for s, known := range settingWords {
		if word == known {
			return Setting(s), true
		}
	}
	return Off, false
}

// AsksForApproval reports whether requests are what lets staff in. The requests API is closed otherwise.
func (s Setting) AsksForApproval() bool { return s == Approved || s == ApprovedReadOnly }

// Preferences are the three booleans that the preferences API has for a setting.
type Preferences struct {
	Allow        bool `json:"supportAllowRemoteAccess"`
	OnDemandOnly bool `json:"remoteAccessOnDemandOnly"`
	ReadOnly     bool `json:"readOnlyRemoteAccessAllowed"`
}

// PreferencesChange is what a client sends of them; nil for a key that it left out.
type PreferencesChange struct {
	Allow, OnDemandOnly, ReadOnly *bool

	// Others are the other preferences that the client manages along with these. They have no effect, and take the place of
	// those that were kept before: a client that cannot send false has no other way to say it.
	Others map[string]bool
}

// Preferences shows a setting. Off shows as on demand: who turns access on again and says no more gets Approved.
func (s Setting) Preferences() Preferences {
	switch s {
	case All:
		return Preferences{Allow: true}
	case ReadOnly:
		return Preferences{Allow: true, ReadOnly: true}
	case Approved:
		return Preferences{Allow: true, OnDemandOnly: true}
	case ApprovedReadOnly:
		return Preferences{Allow: true, OnDemandOnly: true, ReadOnly: true}
	}
	return Preferences{OnDemandOnly: true}
}

// Setting is what the three booleans stand for. Both restrictions at once hold both.
func (p Preferences) Setting() Setting {
	switch {
	case !p.Allow:
		return Off
	case p.OnDemandOnly && p.ReadOnly:
		return ApprovedReadOnly
	case p.OnDemandOnly:
		return Approved
	case p.ReadOnly:
		return ReadOnly
	}
	return All
}

// With is the setting after a change. A key that was left out never widens access: some clients cannot send false, and
// leave it out. Without the permission itself there is none; a restriction stays until it is lifted by name.
func (s Setting) With(change PreferencesChange) Setting {
	p := s.Preferences()
	p.Allow = change.Allow != nil && *change.Allow
	if change.OnDemandOnly != nil {
		p.OnDemandOnly = *change.OnDemandOnly
	}
	if change.ReadOnly != nil {
		p.ReadOnly = *change.ReadOnly
	}
	return p.Setting()
}
