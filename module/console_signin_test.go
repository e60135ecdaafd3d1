package module_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/moduletest"
)

const consoleSite = `{
	admin off
	default_bind 127.0.0.1
	auto_https off
	doorward {
		store sqlite {STORE}
		issuer https://login.example.com {
			audience api
		}
	}
}
{SITE} {
	doorward_console {
		{OPTIONS}
	}
}
`

// TestConsoleIssuers: an issuer that the gate does not trust is no way into the console, and what is wrong with the secret of a
// client is said without the secret.
func TestConsoleIssuers(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	site := func(issuer string, options ...string) string {
		block := "sign_in oidc " + issuer + " {\nclient_id console\n" + strings.Join(options, "\n") + "\n}"
		return strings.ReplaceAll(consoleSite, "{OPTIONS}", block)
	}
	const trusted = "https://login.example.com"
	g := moduletest.Start(t, site(trusted, "client_secret_file "+file("good", "hunter2\n")))
	for name, test := range map[string]struct{ caddyfile, want string }{
		"not trusted": {site("https://other.example.com"), "does not trust this issuer"},
		"a slash":     {site(trusted + "/"), "does not trust this issuer"},
		"no file":     {site(trusted, "client_secret_file "+filepath.Join(folder, "absent")), "absent"},
		"empty":       {site(trusted, "client_secret_file "+file("empty", "\n")), "expected one line"},
		"two lines":   {site(trusted, "client_secret_file "+file("two", "hunter2\nhunter3\n")), "expected one line"},
		"large":       {site(trusted, "client_secret_file "+file("large", strings.Repeat("hunter2", 1000))), "expected one line"},
	} {
		err := g.TryLoad(test.caddyfile)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
