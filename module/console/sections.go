package console

import "strings"

// section is a part of the console: an entry of the navigation, and the pages behind it.
type section struct {
	Key, Path, Label string
	Group            string         // under which heading
	pages            func(*Console) // mounts them
}

// sections are in the order of the navigation. What somebody may not see is there all the same, and says so when it is
// opened, in the API's words: the console does not know who may do what.
func sections() []section {
	return []section{
		{"overview", "/", "Overview", "", (*Console).overviewPages},
		{"tokens", "/tokens", "Access tokens", "Credentials", (*Console).accessTokenPages},
		{"personal", "/personal-tokens", "Personal tokens", "Credentials", (*Console).personalTokenPages},
		{"paas", "/paas-tokens", "PaaS tokens", "Credentials", (*Console).paasTokenPages},
		{"activegates", "/activegate-tokens", "ActiveGate tokens", "Credentials", (*Console).activeGateTokenPages},
		{"tenant", "/tenant-token", "Tenant token", "Credentials", (*Console).tenantTokenPages},
		{"clients", "/oauth-clients", "OAuth clients", "Credentials", (*Console).oauthClientPages},
		{"users", "/users", "Users", "People", (*Console).userPages},
		{"groups", "/groups", "Groups", "People", (*Console).groupPages},
		{"policies", "/policies", "Policies", "Policies", (*Console).policyPages},
		{"boundaries", "/boundaries", "Boundaries", "Policies", (*Console).boundaryPages},
		{"bindings", "/bindings", "Bindings", "Policies", (*Console).bindingPages},
		{"remote", "/remote-access", "Remote access", "Support", (*Console).remotePages},
		{"events", "/events", "Events", "Watch", (*Console).eventPages},
		{"explain", "/explain", "Explain", "Watch", (*Console).explanationPages},
		{"settings", "/settings", "Settings", "System", (*Console).settingsPages},
		{"health", "/health", "Health", "System", (*Console).healthPages},
		{"sessions", "/sessions", "Sessions", "System", (*Console).sessionPages},
	}
}

// group is a heading of the navigation with what is under it.
type group struct {
	Label    string
	Sections []entry
}

type entry struct {
	section
	Current bool
}

// navigation is all sections, with the one that a page belongs to marked.
func navigation(current string) []group {
	var groups []group
	for _, s := range sections() {
		if len(groups) == 0 || groups[len(groups)-1].Label != s.Group {
			groups = append(groups, group{Label: s.Group})
		}
		last := &groups[len(groups)-1]
		last.Sections = append(last.Sections, entry{s, s.Key == current})
	}
	return groups
}

// sectionOf is the section that a path lies in, for pages that do not say it themselves.
func sectionOf(path string) string {
	for _, s := range sections() {
		if path == s.Path || strings.HasPrefix(path, s.Path+"/") && s.Path != "/" {
			return s.Key
		}
	}
	return ""
}
