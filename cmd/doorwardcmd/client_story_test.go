package doorwardcmd_test

import "testing"

// TestDocs_ClientStory runs everything that the documentation of OAuth2 clients and platform tokens shows.
func TestDocs_ClientStory(t *testing.T) {
	wantShown(t, documented(t, "../../docs/oauth2.md"),
		"nightly", `"apiTokens":[]`, "dashboards", "default,staging", "oauthclient.rotate",
		`"token_type":"Bearer"`, `"keys":[`, `"active":true`, `"active":false`, `"by myself"`)
}
