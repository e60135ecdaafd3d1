package module

import (
	"errors"
	"testing"
)

func TestEnvironmentOfARequest(t *testing.T) {
	tests := []struct {
		name              string
		config            *Environment
		host, path        string
		environment, rest string
		forwarded         string
		err               error
	}{
		{"default", nil, "a.test", "/x", "main", "/x", "/x", nil},
		{"path", nil, "a.test", "/e/abc/x", "abc", "/x", "/e/abc/x", nil},
		{"path alone", nil, "a.test", "/e/abc", "abc", "/", "/e/abc", nil},
		{"path with slash", nil, "a.test", "/e/abc/", "abc", "/", "/e/abc/", nil},
		{"stripped", &Environment{Path: "strip"}, "a.test", "/e/abc/x%20y", "abc", "/x%20y", "/x%20y", nil},
		{"nothing to strip", &Environment{Path: "strip"}, "a.test", "/x", "main", "/x", "/x", nil},
		{"path off", &Environment{Path: "off"}, "a.test", "/e/abc/x", "main", "/e/abc/x", "/e/abc/x", nil},
		{"not a prefix", nil, "a.test", "/ex/abc", "main", "/ex/abc", "/ex/abc", nil},
		{"own default", &Environment{Default: "other"}, "a.test", "/x", "other", "/x", "/x", nil},
		{"empty name", nil, "a.test", "/e//x", "", "", "", errEnvironmentPath},
		{"escaped name", nil, "a.test", "/e/a%20b/x", "", "", "", errEnvironmentPath},
		{"host", &Environment{Hosts: []string{"{environment}.Live.test"}}, "abc.live.test", "/x", "abc", "/x", "/x", nil},
		{"host of somebody else", &Environment{Hosts: []string{"{environment}.live.test"}}, "abc.evil.test", "/x", "main", "/x", "/x", nil},
		{"two labels", &Environment{Hosts: []string{"{environment}.live.test"}}, "a.b.live.test", "/x", "main", "/x", "/x", nil},
		{"host and path agree", &Environment{Hosts: []string{"{environment}.live.test"}}, "abc.live.test", "/e/abc/x", "abc", "/x", "/e/abc/x", nil},
		// A token of one environment must not reach another by naming one for us and the other for the upstream.
		{"host and path disagree", &Environment{Hosts: []string{"{environment}.live.test"}}, "abc.live.test", "/e/xyz/x", "", "", "", errEnvironmentPath},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			es, err := newEnvironments(test.config, "main")
			if err != nil {
				t.Fatal(err)
			}
			x := &exchange{path: canonicalPath{escaped: test.path}}
			if err := es.resolve(x, test.host); !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if test.err != nil {
				return
			}
			if x.environment != test.environment || x.endpointURI != test.rest {
				t.Errorf("got %q and %q, want %q and %q", x.environment, x.endpointURI, test.environment, test.rest)
			}
			if got := es.forwardedPath(x).escaped; got != test.forwarded {
				t.Errorf("forwards %q, want %q", got, test.forwarded)
			}
		})
	}
}

func TestEnvironmentConfigIsChecked(t *testing.T) {
	for _, config := range []Environment{
		{Default: "a b"}, {Default: ".."}, {Path: "remove"}, {Hosts: []string{"live.test"}},
		{Hosts: []string{"{environment}"}}, {Hosts: []string{"x.{environment}.test"}},
	} {
		if _, err := newEnvironments(&config, "main"); err == nil {
			t.Errorf("%+v was accepted", config)
		}
	}
}
