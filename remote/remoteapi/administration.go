package remoteapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/remote"
)

func (c Config) administrationOperations() []rest.Operation {
	const setting, one = ownPath + "/setting", ownPath + "/requests/{" + requestID + "}"
	return []rest.Operation{
		{Method: http.MethodGet, Path: setting, Serve: c.showSetting},
		{Method: http.MethodPut, Path: setting, Action: actionSetting, Serve: c.setSetting},
		{Method: http.MethodPost, Path: ownPath + "/grants", Action: actionCreate, Serve: c.grant},
		{Method: http.MethodPost, Path: ownPath + "/revokeAll", Action: actionUpdate, Serve: c.revokeAll},
		{Method: http.MethodPost, Path: one + "/review", Action: actionUpdate, Object: requestID, Serve: aboutOne(c.review)},
		{Method: http.MethodGet, Path: one + "/report", Serve: aboutOne(c.report)},
	}
}

// settingView is both the answer and the body.
type settingView struct {
	Setting string `json:"setting"`
}

func (c Config) showSetting(w http.ResponseWriter, call *rest.Call) error {
	setting, err := c.Service.Setting(call.Context())
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, settingView{setting.String()})
}

func (c Config) setSetting(w http.ResponseWriter, call *rest.Call) error {
	var body settingView
	if err := read(call, &body); err != nil {
		return err
	}
	wanted, ok := remote.ParseSetting(body.Setting)
	if !ok {
		return rest.Invalid("setting", "The setting is one of off, all, read-only, approved and approved-read-only.")
	}
	after, err := c.Service.SetSetting(call.Context(), actor(call), func(remote.Setting) remote.Setting { return wanted })
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, settingView{after.String()})
}

// grant creates a request and accepts it, for somebody whom the administrators know.
func (c Config) grant(w http.ResponseWriter, call *rest.Call) error {
	var body asking
	if err := read(call, &body); err != nil {
		return err
	}
	r, err := c.Service.Grant(call.Context(), actor(call), body.ask())
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusCreated, viewOf(r))
}

func (c Config) revokeAll(w http.ResponseWriter, call *rest.Call) error {
	n, err := c.Service.RevokeAll(call.Context(), actor(call))
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, struct {
		Revoked int `json:"revoked"`
	}{n})
}

// review is about access that nobody has approved before.
func (c Config) review(w http.ResponseWriter, call *rest.Call) error {
	var body struct {
		Comment string `json:"comment"`
	}
	if err := read(call, &body); err != nil {
		return err
	}
	r, err := c.Service.Review(call.Context(), actor(call), call.Param(requestID), body.Comment)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, viewOf(r))
}
