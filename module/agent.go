package module

import (
	"fmt"

	"github.com/doorward/doorward/tokens"
)

// The words for credentials of agents.
const (
	credentialTenantToken     = "tenant_token"
	credentialActiveGateToken = "activegate_token"
)

// agentKinds reads which credentials of agents a site takes.
func agentKinds(names []string) (tokens.AgentKinds, error) {
	var kinds tokens.AgentKinds
	for _, name := range names {
		switch name {
		case credentialTenantToken:
			kinds.TenantToken = true
		case credentialActiveGateToken:
			kinds.ActiveGateToken = true
		default:
			return kinds, fmt.Errorf("credential %q: expected %s or %s", name, credentialTenantToken, credentialActiveGateToken)
		}
	}
	return kinds, nil
}

// askWhichAgent is askWho on a site for agents. These credentials hold no scopes, so they pass rows for any token only.
func (x *exchange) askWhichAgent() (*tokens.Principal, tokens.Refusal, error) {
	if x.credential.Scheme != tokens.APIToken {
		return nil, tokens.WrongScheme, nil
	}
	return x.h.verifier.VerifyAgent(x.r.Context(), x.credential.Text, x.h.agents, x.environment, x.clientIP(), x.now)
}
