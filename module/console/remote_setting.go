package console

import (
	"net/http"
	"slices"
)

// accessSetting is one that there is of remote access, with what it means.
type accessSetting struct {
	Value, Label, Means string
	Mark                string // for its tag
	Consequences        []string
}

const (
	settingOff      = "off"
	settingApproved = "approved"
	settingAll      = "all"
)

// remoteSettings are in the order in which they let more people in.
var remoteSettings = []accessSetting{
	{settingOff, "Off", "Nobody of the support staff gets in.", "good", []string{
		"Every grant ends for good. Switching on again does not bring it back.", "Connections of the staff that are open are cut within a second.",
	}},
	{"approved-read-only", "Approved, read only", "Whoever has a grant gets in, and may look and change nothing.", "good", []string{
		"Grants whose time is not over count again, as devops-viewer.", "Staff can ask for access from now on.",
	}},
	{settingApproved, "Approved", "Whoever has a grant gets in, with the role of the grant.", "good", []string{
		"Grants whose time is not over count again, with their roles.", "Staff can ask for access from now on. Nobody else gets in until you approve.",
	}},
	{"read-only", "Read-only access to all", "All of the support staff get in without being approved, and may look and change nothing.", "warn", []string{
		"Everybody of the support staff gets in from now on, without asking.", "Grants are passed over while this holds, and their time runs on.",
	}},
	{settingAll, "All", "All of the support staff get in without being approved, with all that staff can have.", "bad", []string{
		"Everybody of the support staff gets in from now on, without asking, and may change settings.",
		"Grants are passed over while this holds, and their time runs on.",
	}},
}

// settingOf is the setting of that name. One that is not known here is shown as it is called.
func settingOf(value string) accessSetting {
	for _, s := range remoteSettings {
		if s.Value == value {
			return s
		}
	}
	return accessSetting{Value: value, Label: value}
}

// Asks reports whether staff have to be approved under it, so that there are requests to look at.
func (s accessSetting) Asks() bool {
	return s.Value == settingApproved || s.Value == "approved-read-only"
}

// narrower are the changes that let nobody in whom the setting before did not let in with as much, and end nothing for
// good. Every other change is asked about first.
var narrower = map[string][]string{
	settingAll: {"read-only", "approved-read-only"}, "read-only": {"approved-read-only"}, settingApproved: {"approved-read-only"},
}

func (v *visit) remoteSetting() (accessSetting, error) {
	var answer struct {
		Setting string `json:"setting"`
	}
	err := v.api.Get(remotePath+"/setting", nil, &answer)
	return settingOf(answer.Setting), err
}

func (c *Console) remoteSettingPages() {
	const path = remoteHome + "/setting"
	c.read("GET "+path, (*visit).askSetting)
	c.write("POST "+path, (*visit).chooseSetting)
	c.dangerous(path+"/{setting}", (*visit).askChange, (*visit).changeSetting)
}

// settingForm is what the template gets.
type settingForm struct {
	Form     *form
	Now      accessSetting
	Settings []accessSetting
	Chosen   string
}

func (v *visit) askSetting() error {
	now, err := v.remoteSetting()
	if err != nil {
		return err
	}
	return v.showSetting(http.StatusOK, now, now.Value, &form{})
}

func (v *visit) showSetting(status int, now accessSetting, chosen string, f *form) error {
	content := settingForm{Form: f, Now: now, Settings: remoteSettings, Chosen: chosen}
	return v.show(status, "remote_setting", Page{Title: "Who gets in", Section: remoteSection, Content: content})
}

// chooseSetting changes the setting where that only takes away, and asks first where it does not. A form that was opened
// before somebody else changed the setting is shown again: what is widened, and what is not, is seen from there.
func (v *visit) chooseSetting() error {
	f := v.readForm()
	now, err := v.remoteSetting()
	if err != nil {
		return err
	}
	chosen := f.text("setting")
	switch seen := f.text("seen"); {
	case seen != "" && seen != now.Value:
		f.Refusal = &Refusal{Status: http.StatusConflict, Message: "Somebody else changed the setting to " + now.Label + " in the meantime. Nothing was changed now."}
		return v.showSetting(http.StatusConflict, now, chosen, f)
	case chosen == now.Value:
		return v.done(remoteHome, "")
	case settingOf(chosen).Means != "" && !slices.Contains(narrower[now.Value], chosen):
		return v.done(to(remoteHome, "setting", chosen), "")
	}
	return v.putSetting(now, chosen, f)
}

func (v *visit) putSetting(now accessSetting, chosen string, f *form) error {
	switch err := v.api.Call(http.MethodPut, remotePath+"/setting", map[string]string{"setting": chosen}, nil); {
	case f.refuse(err):
		return v.showSetting(f.Refusal.Status, now, chosen, f)
	case err != nil:
		return err
	}
	return v.done(remoteHome, "setting")
}

// askChange asks about one that lets more people in, or ends grants.
func (v *visit) askChange() error {
	now, err := v.remoteSetting()
	if err != nil {
		return err
	}
	wanted := settingOf(v.r.PathValue("setting"))
	if wanted.Means == "" {
		return v.notThere()
	}
	return v.confirm(remoteSection, confirmation{
		Title: "Change who gets in?", Question: "From “" + now.Label + "” to “" + wanted.Label + "”. " + wanted.Means,
		Consequences: wanted.Consequences, Action: v.r.URL.EscapedPath(), Cancel: remoteHome + "/setting", Button: "Set it to “" + wanted.Label + "”",
		Hidden: []Hidden{{"seen", now.Value}}, Harmless: wanted.Mark == "good" && wanted.Value != settingOff,
	})
}

func (v *visit) changeSetting() error {
	f := v.readForm()
	now, err := v.remoteSetting()
	if err != nil {
		return err
	}
	wanted := v.r.PathValue("setting")
	if seen := f.text("seen"); seen != now.Value && wanted != settingOff { // closing is never put off
		return v.done(to(remoteHome, "setting", wanted), "")
	}
	return v.putSetting(now, wanted, f)
}
