package papapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
)

// levelCluster is what installations on premises call the level of the account.
const levelCluster = "cluster"

// place is a level as the client named it.
type place struct {
	pap.Level
	account  string // of the caller
	spokenAs string // identifier under which the client knows a cluster; "" where the account is called account
}

// errForeign is about an account or environment that is not the caller's. It is the same whether there is one or not.
var errForeign = &rest.Error{Status: http.StatusForbidden, Message: "The account or environment is not one that this credential may administer."}

// place is the level in the path of a call.
func (c Config) place(call *rest.Call) (place, error) {
	id := call.Param("levelId")
	p := place{account: call.Account}
	if c.onPremises {
		p.spokenAs = call.Account
	}
	switch call.Param("levelType") {
	case string(bind.Global):
		if id != pap.GlobalLevel.ID {
			return place{}, rest.Errorf(http.StatusNotFound, "There is no such level.")
		}
		p.Level = pap.GlobalLevel
		return p, nil
	case string(bind.Account):
		return p.accountLevel(id)
	case levelCluster:
		p.spokenAs = id
		return p.accountLevel(call.Account)
	case string(bind.Environment):
		if account, ok := c.Environments.AccountOf(id); !ok || account != call.Account {
			return place{}, errForeign
		}
		p.Level = pap.EnvironmentLevel(id)
		return p, nil
	}
	return place{}, rest.Errorf(http.StatusBadRequest, "The type of a level is one of account, environment, global; on premises, of cluster, environment, global.")
}

func (p place) accountLevel(id string) (place, error) {
	if id == "" || id != p.account {
		return place{}, errForeign
	}
	p.Level = pap.AccountLevel(id)
	return p, nil
}

// names are the type and identifier of a level, in the client's words.
func (p place) names(l pap.Level) (levelType, levelID string) {
	if p.spokenAs != "" && l.Type == bind.Account {
		return levelCluster, p.spokenAs
	}
	return string(l.Type), l.ID
}

// account is the account in the path of a call, which must be the caller's.
func account(call *rest.Call, parameter string) (string, error) {
	id := call.Param(parameter)
	if id == "" || id != call.Account {
		return "", errForeign
	}
	return id, nil
}

// narrower are the levels at and below this one in the caller's account, widest first.
func (c Config) narrower(p place) []pap.Level {
	if p.Type == bind.Environment {
		return []pap.Level{p.Level}
	}
	levels := []pap.Level{pap.AccountLevel(p.account)}
	for _, e := range c.Environments.EnvironmentsOf(p.account) {
		levels = append(levels, pap.EnvironmentLevel(e.ID))
	}
	return levels
}

// wider are this level and those above it, narrowest first.
func (p place) wider() []pap.Level {
	levels := []pap.Level{p.Level}
	if p.Type == bind.Environment {
		levels = append(levels, pap.AccountLevel(p.account))
	}
	if p.Type != bind.Global {
		levels = append(levels, pap.GlobalLevel)
	}
	return levels
}
