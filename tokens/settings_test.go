package tokens_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

func TestPersonalTokensSwitch(t *testing.T) {
	var told []string
	o := newOffice(t, func(c *tokens.ServiceConfig) {
		c.OnSettings = func(environment string) { told = append(told, environment) }
	})
	ctx := t.Context()
	for _, step := range []struct {
		environment string
		on          bool
		events      int
	}{
		{"prod", false, 0}, // off is what holds without any choice
		{"prod", true, 1},
		{"prod", true, 1},
		{"test", true, 2},
		{"prod", false, 3},
	} {
		if err := o.SetPersonalTokens(ctx, "alice", step.environment, step.on); err != nil {
			t.Fatal(err)
		}
		if s, err := o.Settings(ctx, step.environment); err != nil || s.PersonalTokens != step.on || len(o.store.Events()) != step.events {
			t.Errorf("%+v: %+v, %v, %d events", step, s, err, len(o.store.Events()))
		}
	}
	if s, err := o.Settings(ctx, "test"); err != nil || !s.PersonalTokens {
		t.Errorf("the other environment: %+v, %v", s, err)
	}
	e := o.store.Events()[2]
	if e.Action != "tokensettings.update" || e.Object != "prod" || e.Patch != `[{"op":"replace","path":"/personalAccessTokens","oldValue":true,"value":false}]` {
		t.Errorf("event %+v", e)
	}
	if diff := cmp.Diff([]string{"prod", "prod", "prod", "test", "prod"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if err := o.SetPersonalTokens(ctx, "alice", "no/where", true); fault.KindOf(err) != fault.Invalid {
		t.Errorf("malformed environment: %v", err)
	}
}
