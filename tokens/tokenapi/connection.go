package tokenapi

import (
	"net/http"
	"strings"

	"github.com/doorward/doorward/internal/rest"
)

// connectionOperations tell installers where agents and ActiveGates report to, and with which secret. The first question
// about an environment makes its tenant token.
func connectionOperations(c Config) []rest.Operation {
	const installer = "/api/v1/deployment/installer/"
	return []rest.Operation{
		{Method: http.MethodGet, Path: installer + "agent/connectioninfo", Serve: c.agentConnection},
		{Method: http.MethodGet, Path: installer + "agent/connectioninfo/endpoints", Serve: c.agentEndpoints},
		{Method: http.MethodGet, Path: installer + "gateway/connectioninfo", Serve: c.gatewayConnection},
	}
}

// agentConnection is for agents, which take the endpoints as a list, or as one text with semicolons between them. The
// endpoint to prefer is the first.
type agentConnection struct {
	TenantUUID  string   `json:"tenantUUID"`
	TenantToken string   `json:"tenantToken"`
	Endpoints   []string `json:"communicationEndpoints"`
	Formatted   string   `json:"formattedCommunicationEndpoints"`
}

// gatewayConnection is for ActiveGates. Under the name that is a list elsewhere it has a text, with commas.
type gatewayConnection struct {
	TenantUUID  string `json:"tenantUUID"`
	TenantToken string `json:"tenantToken"`
	Endpoints   string `json:"communicationEndpoints"`
}

func (c Config) agentConnection(w http.ResponseWriter, call *rest.Call) error {
	endpoints, err := c.endpoints(call)
	if err != nil {
		return err
	}
	text, err := c.Tenants.Current(call.Context(), actor(call.Caller), call.Caller.Environment)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, agentConnection{
		TenantUUID: call.Caller.Environment, TenantToken: text.Reveal(), Endpoints: endpoints, Formatted: strings.Join(endpoints, ";"),
	})
}

func (c Config) gatewayConnection(w http.ResponseWriter, call *rest.Call) error {
	endpoints, err := c.endpoints(call)
	if err != nil {
		return err
	}
	text, err := c.Tenants.Current(call.Context(), actor(call.Caller), call.Caller.Environment)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, gatewayConnection{
		TenantUUID: call.Caller.Environment, TenantToken: text.Reveal(), Endpoints: strings.Join(endpoints, ","),
	})
}

// agentEndpoints answers with a plain text, semicolons between the endpoints.
func (c Config) agentEndpoints(w http.ResponseWriter, call *rest.Call) error {
	endpoints, err := c.endpoints(call)
	if err != nil {
		return err
	}
	rest.WriteText(w, http.StatusOK, "text/plain; charset=utf-8", strings.Join(endpoints, ";"))
	return nil
}

// defaultZone is the one network zone that there is. It belongs to everything that has no other.
const defaultZone = "default"

// endpoints are those of the network zone that is asked for. No zones are kept here, so any but the default one is unknown
// and is 400, unless the client takes the default one then. The version of an agent changes nothing.
func (c Config) endpoints(call *rest.Call) ([]string, error) {
	q := call.Query()
	q.Text("version")
	zone, fallback := q.Text("networkZone"), q.Bool("defaultZoneFallback")
	if zone != "" && !strings.EqualFold(zone, defaultZone) && !fallback {
		q.Refuse("networkZone", "There is no such network zone. With defaultZoneFallback=true the default one is used instead.")
	}
	if err := q.Err(); err != nil {
		return nil, err
	}
	if c.Endpoints == nil {
		return []string{}, nil
	}
	return append([]string{}, c.Endpoints(call.BaseURL)...), nil
}
