package papapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/pap"
)

func (c Config) serviceUserOperations() []rest.Operation {
	const all, one, id = accountPath + "/service-users", accountPath + "/service-users/{userUuid}", "userUuid"
	return []rest.Operation{
		{Method: http.MethodGet, Path: all, Serve: inAccount(c.listServiceUsers)},
		{Method: http.MethodPost, Path: all, Action: "user.create", Serve: inAccount(c.createServiceUser)},
		{Method: http.MethodGet, Path: one, Serve: inAccount(c.showServiceUser)},
		{Method: http.MethodPut, Path: one, Action: "user.update", Object: id, Serve: inAccount(c.updateServiceUser)},
		{Method: http.MethodDelete, Path: one, Action: "user.delete", Object: id, Serve: inAccount(c.deleteServiceUser)},
	}
}

// serviceUserView is a service user. Clients refuse one with other members than these.
type serviceUserView struct {
	UID         string `json:"uid"`
	Email       string `json:"email"`
	Name        string `json:"name"`
	Surname     string `json:"surname"`
	Description string `json:"description"`
	Created     string `json:"createdAt"`
}

func serviceUserOf(u pap.User) serviceUserView {
	return serviceUserView{UID: u.ID, Email: u.Email, Name: u.Name, Description: u.Description, Created: date(u.Created)}
}

func (c Config) listServiceUsers(w http.ResponseWriter, call *rest.Call, account string) error {
	p, err := readPaging(call, "page-size")
	if err != nil {
		return err
	}
	users, err := c.users(call, pap.UserQuery{AccountID: account, Kind: pap.ServiceUser})
	if err != nil {
		return err
	}
	answer := struct {
		Results []serviceUserView `json:"results"`
		Total   int               `json:"totalCount"`
	}{[]serviceUserView{}, len(users)}
	for _, u := range of(p, users) {
		answer.Results = append(answer.Results, serviceUserOf(u))
	}
	return rest.Write(w, http.StatusOK, answer)
}

// serviceUserBody is a service user that is to be.
type serviceUserBody struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

func (c Config) createServiceUser(w http.ResponseWriter, call *rest.Call, account string) error {
	var body serviceUserBody
	if err := call.Read(&body); err != nil {
		return err
	}
	u, err := c.Service.CreateServiceUser(call.Context(), actor(call), account, body.Name, body.Description)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusCreated, struct {
		UUID string `json:"uuid"`
	}{u.ID})
}

// serviceUser finds the one in the path. A person is none: people are administered by their addresses.
func (c Config) serviceUser(call *rest.Call, account string) (pap.User, error) {
	u, err := c.Service.User(call.Context(), account, call.Param("userUuid"))
	if err == nil && !u.ServiceUser {
		return pap.User{}, rest.Errorf(http.StatusNotFound, "There is no such user.")
	}
	return u, err
}

func (c Config) showServiceUser(w http.ResponseWriter, call *rest.Call, account string) error {
	u, err := c.serviceUser(call, account)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, serviceUserOf(u))
}

func (c Config) updateServiceUser(w http.ResponseWriter, call *rest.Call, account string) error {
	u, err := c.serviceUser(call, account)
	if err != nil {
		return err
	}
	body := serviceUserBody{u.Name, u.Description}
	if err := call.Read(&body); err != nil {
		return err
	}
	if err := c.Service.DescribeUser(call.Context(), actor(call), account, u.ID, body.Name, body.Description); err != nil {
		return err
	}
	rest.Empty(w, http.StatusOK)
	return nil
}

func (c Config) deleteServiceUser(w http.ResponseWriter, call *rest.Call, account string) error {
	u, err := c.serviceUser(call, account)
	if err != nil {
		return err
	}
	if err := c.Service.DeleteUser(call.Context(), actor(call), account, u.ID); err != nil {
		return err
	}
	return c.done(w, call, http.StatusOK)
}
