package console

import "strings"

// kind and Object are the two parts of the entity.
func (e event) kind() string {
	kind, _, _ := strings.Cut(e.Entity, ": ")
	return kind
}

// Object is what was changed, "" where an attempt did not come as far as to one.
func (e event) Object() string {
	_, object, _ := strings.Cut(e.Entity, ": ")
	return object
}

// kindWords are what the kinds of things are called, where their own word is not enough.
var kindWords = map[string]string{ //nolint:gosec // words, and no credentials
	"TOKEN": "access token", "ACTIVEGATETOKEN": "PaaS token", "TENANTTOKEN": "tenant token", "OAUTHCLIENT": "OAuth client",
	"OAUTHTOKEN": "OAuth token", "SIGNINGKEY": "signing key", "TOKENSETTINGS": "token settings", "POLICYTEST": "policy test",
	"REMOTE_ACCESS": "request of the support staff", "REMOTE_ACCESS_REQUEST": "request for remote access",
	"REMOTE_ACCESS_SETTING": "setting of remote access",
}

// Kind is what was changed, in words.
func (e event) Kind() string {
	kind := e.kind()
	if word, known := kindWords[kind]; known {
		return word
	}
	return strings.ToLower(strings.ReplaceAll(kind, "_", " "))
}

// typeWords say what was done, and what was tried.
var typeWords = map[string][2]string{
	"CREATE": {"Created", "create"}, "UPDATE": {"Changed", "change"}, "DELETE": {"Deleted", "delete"}, "REVOKE": {"Revoked", "revoke"},
	"LOGIN": {"Began", "begin"}, "LOGOUT": {"Ended", "end"}, "READ": {"Read", "read"},
}

// What says what was done, in words. What staff did by remote access is named by what they were after.
func (e event) What() string {
	switch kind := e.kind(); {
	case kind == "REMOTE_ACCESS" && !e.Success:
		return "Support staff was refused"
	case kind == "REMOTE_ACCESS" && e.Type == "READ":
		return "Support staff read something"
	case kind == "REMOTE_ACCESS":
		return "Support staff sent something"
	case kind == "NOTIFICATION":
		return "Sent notification"
	}
	words, known := typeWords[e.Type]
	switch {
	case !known:
		return e.Type + " " + e.Kind()
	case !e.Success:
		return "Tried to " + words[1] + " " + e.Kind()
	}
	return words[0] + " " + e.Kind()
}
