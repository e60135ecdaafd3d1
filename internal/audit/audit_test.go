package audit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
)

// TestTypeAndCategory: the two words of an action decide what the audit log API finds its events by.
func TestTypeAndCategory(t *testing.T) {
	for action, want := range map[string][2]string{
		"token.create": {"CREATE", "TOKEN"}, "token.import": {"CREATE", "TOKEN"}, "token.update": {"UPDATE", "TOKEN"},
		"token.enable": {"UPDATE", "TOKEN"}, "token.disable": {"UPDATE", "TOKEN"}, "token.delete": {"DELETE", "TOKEN"},
		"activegatetoken.create": {"CREATE", "ACTIVEGATE_TOKEN"}, "activegatetoken.delete": {"DELETE", "ACTIVEGATE_TOKEN"},
		"tenanttoken.create": {"CREATE", "TENANT_LIFECYCLE"}, "tenanttoken.start": {"UPDATE", "TENANT_LIFECYCLE"},
		"tenanttoken.finish": {"UPDATE", "TENANT_LIFECYCLE"}, "tenanttoken.cancel": {"UPDATE", "TENANT_LIFECYCLE"},
		"tokensettings.update": {"UPDATE", "CONFIG"},
		"policy.create":        {"CREATE", "CONFIG"}, "binding.delete": {"DELETE", "CONFIG"}, "group.update": {"UPDATE", "CONFIG"},
		"grant.revoke": {"REVOKE", "CONFIG"}, "session.login": {"LOGIN", "WEB_UI"}, "session.logout": {"LOGOUT", "WEB_UI"},
		"log.read":                     {"READ", "CONFIG"},
		"remote_access_request.create": {"CREATE", "CONFIG"}, "remote_access_request.update": {"UPDATE", "CONFIG"},
		"remote_access_setting.update": {"UPDATE", "CONFIG"}, "notification.send": {"CREATE", "CONFIG"},
		"remote_access.read": {"READ", "CONFIG"}, "remote_access.create": {"CREATE", "CONFIG"},
		"remote_access.update": {"UPDATE", "CONFIG"}, "remote_access.delete": {"DELETE", "CONFIG"},
		// What has no noun or verb of its own is a change of the configuration, never nothing.
		"": {"UPDATE", "CONFIG"}, "token": {"UPDATE", "TOKEN"}, "Token.Create": {"UPDATE", "CONFIG"}, "x.token.create": {"UPDATE", "CONFIG"},
	} {
		e := audit.Event{Action: action}
		if diff := cmp.Diff(want, [2]string{e.Type(), e.Category()}); diff != "" {
			t.Errorf("%q (-want +got):\n%s", action, diff)
		}
	}
}

func TestOrigin(t *testing.T) {
	event := audit.Event{Action: "token.create", Environment: "kept"}
	if diff := cmp.Diff(event, event.From(t.Context())); diff != "" {
		t.Errorf("without an origin (-want +got):\n%s", diff)
	}
	ctx := audit.WithOrigin(t.Context(), audit.Origin{Environment: "prod", Address: "192.0.2.1", Decision: "d-1"})
	want := audit.Event{Action: "token.create", Environment: "prod", Origin: "192.0.2.1", Decision: "d-1"}
	if diff := cmp.Diff(want, event.From(ctx)); diff != "" {
		t.Errorf("with one (-want +got):\n%s", diff)
	}
	if event.Origin != "" {
		t.Error("the event itself has changed")
	}
}
