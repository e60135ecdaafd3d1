package module

import (
	"net/http"
	"testing"
)

// An upstream that folds header names (CGI, WSGI, Java servlets) reads X_Doorward_User and X-Doorward-User as one. A
// client must not be able to say who it is under any spelling of a name that the gate sets.
func TestHeaderFates(t *testing.T) {
	fates := newHeaderFates(defaultIdentityHeaders)
	tests := []struct {
		header string
		want   fate
	}{
		{"X-Doorward-User", dropAlways},
		{"x-doorward-user", dropAlways},
		{"X_Doorward_User", dropAlways},
		{"X.Doorward.User", dropAlways},
		{"x-doorward_user", dropAlways},
		{"X-DOORWARD-SCOPES", dropAlways},
		{"X-Http-Method-Override", dropAlways},
		{"X_HTTP_Method", dropAlways},
		{"X-Original-Url", dropAlways},
		{"X-Real-Ip", dropUntrusted},
		{"X_Real_IP", dropAlways},
		{"Forwarded", dropUntrusted},
		{"X-Forwarded-For", dropMalformed},
		{"Accept", keep},
		{"X-Doorward-Usex", keep},
		{"X-Request-Id", keep},
		{"X_Request_Id", keep},
	}
	for _, test := range tests {
		if got := fates.of(test.header); got != test.want {
			t.Errorf("%s: fate %d, want %d", test.header, got, test.want)
		}
	}
}

func TestIdentityHeaderNames(t *testing.T) {
	good := IdentityHeaders{User: "x-remote-user"}
	if names, err := good.names(); err != nil || names[identityUser] != "X-Remote-User" {
		t.Errorf("names() = %v, %v", names, err)
	}
	silent := IdentityHeaders{User: "off", Scopes: "off"}
	names, err := silent.names()
	if err != nil || names != defaultIdentityHeaders {
		t.Errorf("what is off is not known to the gate any more: %v, %v", names, err)
	}
	if told := silent.told(names); told[identityUser] != "" || told[identityScopes] != "" || told[identityTokenID] != "X-Doorward-Token-Id" {
		t.Errorf("the upstream is told %v", told)
	}
	for _, bad := range []IdentityHeaders{
		{User: "X Remote"}, {User: "X_Remote_User"}, {User: "Authorization"}, {User: "Host"},
		{User: "X-Same", TokenID: "x-same"}, {User: "X-Doorward-Scopes"},
	} {
		if _, err := bad.names(); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func TestAllAddresses(t *testing.T) {
	tests := map[string]bool{
		"1.2.3.4": true, "1.2.3.4, ::1": true, "1.2.3.4, evil": false, "unknown": false, "_hidden": false,
		"010.0.0.1": false, "1.2.3.4:80": false, "": false, "1.2.3.4,": false,
	}
	for value, want := range tests {
		if got := allAddresses([]string{value}); got != want {
			t.Errorf("allAddresses(%q) = %v, want %v", value, got, want)
		}
	}
}

// Connection names headers that a proxy removes. A client that names our identity header would have it taken away after
// it was set, and reach the upstream as nobody.
func TestConnectionCannotRemoveOurHeaders(t *testing.T) {
	r, _ := http.NewRequest(http.MethodGet, "/", nil)
	r.ProtoMajor = 1
	r.Header["Connection"] = []string{"close, X-Doorward-User", "upgrade"}
	r.Header["Upgrade"] = []string{"h2c"}
	x := &exchange{r: r}
	x.rewriteConnection()
	if len(r.Header["Connection"])+len(r.Header["Upgrade"]) != 0 {
		t.Errorf("left: %v", r.Header)
	}
}
