package pap

import (
	"strings"

	"github.com/doorward/doorward/policyengine/bind"
)

// Level is a place where policies live and bindings hold.
type Level struct {
	Type bind.Level
	ID   string // of the account or environment; "global" for bind.Global
}

// GlobalLevel is where the built-in policies live.
var GlobalLevel = Level{Type: bind.Global, ID: "global"}

// AccountLevel is the level of an account.
func AccountLevel(id string) Level { return Level{Type: bind.Account, ID: id} }

// EnvironmentLevel is the level of one environment.
func EnvironmentLevel(id string) Level { return Level{Type: bind.Environment, ID: id} }

// maxLevelID is the length of an account's or environment's identifier, in bytes.
const maxLevelID = 64

// check refuses a level that nothing can be stored at.
func (l Level) check() error {
	switch {
	case l.Type == bind.Global:
		return errGlobal
	case l.Type != bind.Account && l.Type != bind.Environment:
		return invalid("A level is an account or an environment.")
	}
	return checkLevelID(l.ID)
}

// checkLevelID accepts what accounts and environments are called: no more than can stand in a URL path as it is.
func checkLevelID(id string) error {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	if id == "" || len(id) > maxLevelID || strings.Trim(id, allowed) != "" || strings.Trim(id, ".") == "" {
		return invalid("An account or environment is named with 1 to %d letters, digits or any of . _ -", maxLevelID)
	}
	return nil
}
