package module

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/papapi"
)

func TestAccounts(t *testing.T) {
	list := []Account{
		{ID: "acme", Name: "Acme Corporation", Environments: []AccountEnvironment{
			{ID: "prod", Name: "Production", URL: "https://prod.example.com"}, {ID: "test", Inactive: true},
		}},
		{ID: "other", Environments: []AccountEnvironment{{ID: "lab"}}},
		{ID: "empty"},
	}
	as, err := newAccounts(list, "acme", "default")
	if err != nil {
		t.Fatal(err)
	}
	wantAccounts := []papapi.Account{{ID: "acme", Name: "Acme Corporation"}, {ID: "other", Name: "other"}, {ID: "empty", Name: "empty"}}
	if diff := cmp.Diff(wantAccounts, as.Accounts()); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	wantListed := []papapi.Environment{
		{ID: "prod", Name: "Production", URL: "https://prod.example.com", Active: true}, {ID: "test", Name: "test"},
		{ID: "default", Name: "default", Active: true},
	}
	if diff := cmp.Diff(wantListed, as.EnvironmentsOf("acme")); diff != "" {
		t.Errorf("environments (-want +got):\n%s", diff)
	}
	for account, want := range map[string]int{"other": 1, "empty": 0, "nobody": 0, "": 0} {
		if got := as.EnvironmentsOf(account); len(got) != want {
			t.Errorf("%q has %d environments, want %d", account, len(got), want)
		}
	}
	for environment, want := range map[string]string{
		"prod": "acme", "test": "acme", "lab": "other", "default": "acme", "unlisted": "acme", "PROD": "acme",
		"": "", "a b": "", "..": "", strings.Repeat("x", 65): "",
	} {
		got, ok := as.AccountOf(environment)
		if ok != (want != "") || ok && got != want {
			t.Errorf("the environment %q is of %q, %v; want %q", environment, got, ok, want)
		}
	}
}

// With no list there is one account, as before there were several.
func TestAccounts_One(t *testing.T) {
	as, err := newAccounts(nil, "default", "prod")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]papapi.Account{{ID: "default", Name: "default"}}, as.Accounts()); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]papapi.Environment{{ID: "prod", Name: "prod", Active: true}}, as.EnvironmentsOf("default")); diff != "" {
		t.Errorf("environments (-want +got):\n%s", diff)
	}
	if got, ok := as.AccountOf("elsewhere"); got != "default" || !ok {
		t.Errorf("an environment that nobody lists is of %q, %v", got, ok)
	}
}

func TestAccounts_Errors(t *testing.T) {
	in := func(environments ...AccountEnvironment) []Account {
		return []Account{{ID: "acme", Environments: environments}}
	}
	for name, test := range map[string]struct {
		list []Account
		want string
	}{
		"another default":          {[]Account{{ID: "other"}, {ID: "acme"}}, "expected the first of the accounts"},
		"an account twice":         {[]Account{{ID: "acme"}, {ID: "acme"}}, `account "acme" is given twice`},
		"no identifier":            {[]Account{{ID: "acme"}, {Name: "x"}}, "expected 1 to 64 characters"},
		"a name of two lines":      {[]Account{{ID: "acme", Name: "a\nb"}}, "printable"},
		"a name without an end":    {[]Account{{ID: "acme", Name: strings.Repeat("x", 256)}}, "printable"},
		"a name in no encoding":    {[]Account{{ID: "acme", Name: "\xff"}}, "printable"},
		"an environment twice":     {in(AccountEnvironment{ID: "a"}, AccountEnvironment{ID: "a"}), "is listed by the account"},
		"an environment of two":    {append(in(AccountEnvironment{ID: "a"}), Account{ID: "b", Environments: []AccountEnvironment{{ID: "a"}}}), `by the account "acme" already`},
		"no environment":           {in(AccountEnvironment{}), "expected 1 to 64 characters"},
		"a path for a URL":         {in(AccountEnvironment{ID: "a", URL: "/x"}), "url: expected"},
		"a script for a URL":       {in(AccountEnvironment{ID: "a", URL: "javascript:alert(1)"}), "url: expected"},
		"a password in a URL":      {in(AccountEnvironment{ID: "a", URL: "https://a:b@example.com"}), "url: expected"},
		"a name that turns around": {in(AccountEnvironment{ID: "a", Name: "a\u202eb"}), "printable"},
	} {
		if _, err := newAccounts(test.list, "acme", "default"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
}
