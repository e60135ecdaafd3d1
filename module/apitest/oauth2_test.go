package apitest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// TestClientCredentials has the usual Go client get its tokens from the gate, in each way in which it can show its
// credentials, and reach with them what the policies of the client's owner permit, and nothing else.
func TestClientCredentials(t *testing.T) {
	const owner, objects = "alice@example.com", "http://a.test/platform/classic/environment-api/v2/settings/objects"
	s := openStage(t, "", "h1", newSightings(t))
	s.mint("ADMIN", []string{"ServiceProviderAPI", "cluster", "administrator"})
	s.permit(owner, `ALLOW settings:objects:read WHERE settings:schemaId = "builtin:alerting.profile";`)
	s.mint("READER", []string{"settings:objects:read", "kind=dt0s16", "owner=" + owner})
	s.exchange(request{ // until the gate has heard of the policy
		method: http.MethodGet, target: objects + "?schemaIds=builtin:alerting.profile", status: http.StatusOK, soon: true,
		header: http.Header{"Authorization": {s.authorization("READER")}},
	})
	config := s.newClientOf(owner, "settings:objects:read")
	for name, style := range map[string]oauth2.AuthStyle{
		"detected": oauth2.AuthStyleAutoDetect, "header": oauth2.AuthStyleInHeader, "form": oauth2.AuthStyleInParams,
	} {
		t.Run(name, func(t *testing.T) {
			config := config
			config.AuthStyle = style
			ctx := context.WithValue(t.Context(), oauth2.HTTPClient, s.client.http)
			token, err := config.Token(ctx)
			if err != nil {
				t.Fatal(s.masked(err.Error()))
			}
			if token.Type() != "Bearer" || !token.Valid() || token.Extra("scope") != "settings:objects:read" {
				t.Errorf("%s, %v", token.Type(), token.Extra("scope"))
			}
			client := config.Client(ctx)
			for query, want := range map[string]int{
				"?schemaIds=builtin:alerting.profile": http.StatusOK, "?schemaIds=builtin:other": http.StatusForbidden,
			} {
				response, err := client.Get(objects + query)
				if err != nil {
					t.Fatal(s.masked(err.Error()))
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if response.StatusCode != want {
					t.Errorf("%s: %d, want %d", query, response.StatusCode, want)
				}
			}
			config.Scopes = []string{"settings:objects:write"}
			_, err = config.Token(ctx)
			if refused, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || refused.ErrorCode != "invalid_scope" {
				t.Error(err)
			}
		})
	}
	s.checkNoSecrets()
}

// newClientOf makes an OAuth2 client as an administrator does.
func (s *stage) newClientOf(owner string, scopes ...string) clientcredentials.Config {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"name": "go", "owner": owner, "scopes": scopes})
	s.must(err)
	got, err := s.client.ask(s.adminRequest(http.MethodPost, "/iam/v1/accounts/"+s.office.Account+"/oauth2-clients", string(body)))
	s.must(err)
	var made struct{ ClientID, ClientSecret string }
	if err := json.Unmarshal([]byte(got.body), &made); err != nil || got.status != http.StatusCreated {
		s.t.Fatalf("%d %s", got.status, s.masked(got.body))
	}
	s.values["CLIENT"] = made.ClientSecret
	return clientcredentials.Config{ClientID: made.ClientID, ClientSecret: made.ClientSecret, TokenURL: "http://a.test/sso/oauth2/token"}
}
