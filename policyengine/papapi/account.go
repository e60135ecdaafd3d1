package papapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
)

func (c Config) accountOperations() []rest.Operation {
	return []rest.Operation{
		{Method: http.MethodGet, Path: "/env/v2/accounts/{accountUuid}/environments", Serve: inAccount(c.listEnvironments)},
		{Method: http.MethodGet, Path: "/env/v1/accounts/{accountUuid}/environments", Serve: inAccount(c.listResources)},
		{Method: http.MethodGet, Path: accountPath + "/limits", Serve: inAccount(c.accountLimits)},
	}
}

func (c Config) listEnvironments(w http.ResponseWriter, _ *rest.Call, account string) error {
	type view struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Active bool   `json:"active"`
		URL    string `json:"url"`
	}
	views := []view{}
	for _, e := range c.Environments.EnvironmentsOf(account) {
		views = append(views, view{e.ID, e.Name, e.Active, e.URL})
	}
	return rest.Write(w, http.StatusOK, struct {
		Data []view `json:"data"`
	}{views})
}

// listResources is the older listing. Management zones are the upstream's business and not known here.
func (c Config) listResources(w http.ResponseWriter, _ *rest.Call, account string) error {
	type view struct {
		Name string `json:"name"`
		ID   string `json:"id"`
	}
	answer := struct {
		Tenants []view     `json:"tenantResources"`
		Zones   []struct{} `json:"managementZoneResources"`
	}{[]view{}, []struct{}{}}
	for _, e := range c.Environments.EnvironmentsOf(account) {
		answer.Tenants = append(answer.Tenants, view{e.Name, e.ID})
	}
	return rest.Write(w, http.StatusOK, answer)
}

// limitView is a limit of an account. The names are this project's choice: none are published.
type limitView struct {
	Type    string `json:"limitType"`
	Value   int    `json:"limitValue"`
	Current int    `json:"currentValue"`
}

func (c Config) accountLimits(w http.ResponseWriter, call *rest.Call, account string) error {
	p, err := readPaging(call, "size")
	if err != nil {
		return err
	}
	u, err := c.Service.AccountUse(call.Context(), account)
	if err != nil {
		return err
	}
	all := []limitView{
		{"GROUPS", u.Groups.Limit, u.Groups.Count},
		{"USERS", u.Users.Limit, u.Users.Count},
	}
	return rest.Write(w, http.StatusOK, struct {
		Size    int         `json:"pageSize"`
		Number  int         `json:"pageNumber"`
		Total   int         `json:"total"`
		Results []limitView `json:"results"`
	}{p.size, p.page, len(all), of(p, all)})
}
