package console

import (
	"net/http"
	"net/url"
)

// settingsView is what the template gets. Each part may be refused for itself.
type settingsView struct {
	Personal        string        // whether personal tokens are taken, "on" or "off"; "" where this person may not know
	PersonalRefusal *Refusal      // then
	PersonalCount   int           // how many there are; -1 where that is not known
	Remote          accessSetting // who of the support staff gets in
	RemoteRefusal   *Refusal
}

const personalSetting = "/settings/personal-tokens"

func (c *Console) settingsPages() {
	c.read("GET /settings", (*visit).settings)
	c.read("GET "+personalSetting+"/on", askPersonal(personalOn))
	c.write("POST "+personalSetting+"/on", switchPersonalTo(true, "on"))
	c.read("GET "+personalSetting+"/off", askPersonal(personalOff))
	c.write("POST "+personalSetting+"/off", switchPersonalTo(false, "off"))
}

// sessionPages are those of signing in, which mounts them.
func (c *Console) sessionPages() {}

func (v *visit) settings() error {
	view := settingsView{PersonalCount: v.personalTokens()}
	var tokens struct {
		On bool `json:"personalAccessTokens"`
	}
	err := v.api.Get(settingsPath, nil, &tokens)
	view.Personal = "off"
	if tokens.On {
		view.Personal = "on"
	}
	if view.PersonalRefusal, err = notForThisPerson(err); err != nil {
		return err
	}
	view.Remote, err = v.remoteSetting()
	if view.RemoteRefusal, err = notForThisPerson(err); err != nil {
		return err
	}
	return v.show(http.StatusOK, "settings", Page{Title: "Settings", Section: "settings", Content: view, Outcomes: map[string]Outcome{
		"on":  {Message: "Personal tokens are taken from now on.", Undo: personalSetting + "/off"},
		"off": {Message: "Personal tokens are refused from now on.", Undo: personalSetting + "/on"},
	}})
}

// notForThisPerson keeps a refusal of a part for the part's place. Everything else is the page's.
func notForThisPerson(err error) (*Refusal, error) {
	if refusal := refused(err); refusal != nil && refusal.Status == http.StatusForbidden {
		return refusal, nil
	}
	return nil, err
}

// personalTokens is how many there are, -1 where this person may not know.
func (v *visit) personalTokens() int {
	var page struct {
		Total int `json:"totalCount"`
	}
	query := url.Values{"apiTokenSelector": {"personalAccessToken(true)"}, "pageSize": {"100"}, "fields": {"id"}}
	if err := v.api.Get(tokensPath, query, &page); err != nil {
		return -1
	}
	return page.Total
}

func askPersonal(of func(existing int) confirmation) serve {
	return func(v *visit) error {
		question := of(v.personalTokens())
		question.Cancel = "/settings"
		return v.confirm("settings", question)
	}
}

func personalOn(existing int) confirmation {
	c := confirmation{
		Title: "Take personal tokens?", Question: "People with the right to it can make tokens that act as themselves.",
		Consequences: []string{"Such a token may do what its scopes and its owner's policies both allow.", "It can be undone: turned off, they are refused again."},
		Action:       personalSetting + "/on", Button: "Turn personal tokens on", Harmless: true,
	}
	if existing > 0 {
		c.Consequences = append([]string{"The " + plural(existing, "personal token that exists works", "personal tokens that exist work") + " again."}, c.Consequences...)
	}
	return c
}

func personalOff(existing int) confirmation {
	c := confirmation{
		Title: "Refuse personal tokens?", Question: "Requests with a personal token will be refused from the moment on, and none can be made.",
		Consequences: []string{"It can be undone: none is deleted, and turned on again, they work again.", "Access tokens are not affected."},
		Action:       personalSetting + "/off", Button: "Turn personal tokens off",
	}
	switch {
	case existing > 0:
		c.Consequences = append([]string{plural(existing, "personal token exists.", "personal tokens exist.") + " Scripts that use them stop working."}, c.Consequences...)
	case existing == 0:
		c.Consequences = append([]string{"There is none at the moment."}, c.Consequences...)
	}
	return c
}

func switchPersonalTo(on bool, outcome string) serve {
	return func(v *visit) error {
		if err := v.api.Call(http.MethodPut, settingsPath, map[string]bool{"personalAccessTokens": on}, nil); err != nil {
			return err
		}
		return v.done("/settings", outcome)
	}
}
