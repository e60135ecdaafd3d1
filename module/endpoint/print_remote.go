package endpoint

import (
	"strings"

	"github.com/doorward/doorward/remote"
)

// remoteRow is a line of the list, or a rule of a row, which has no methods and no path.
type remoteRow struct {
	Methods []string            `json:"methods,omitempty"`
	Path    string              `json:"path,omitempty"`
	When    map[string][]string `json:"when,omitempty"`
	Class   string              `json:"class,omitempty"`
	Needs   []string            `json:"needs,omitempty"`
	Masked  []string            `json:"masked,omitempty"`
}

func newRemoteRow(l RemoteLine) remoteRow {
	row := newRuleRow(l.RemoteRule)
	row.Methods, row.Path, row.Masked = l.Methods, l.Path, l.Masked
	return row
}

func newRuleRow(rule RemoteRule) remoteRow {
	var row remoteRow
	if rule.Class == remote.Ordinary {
		row.Needs = strings.Split(rule.Needs.String(), ", ")
	} else {
		row.Class = rule.Class.String()
	}
	if len(rule.When) > 0 {
		row.When = make(map[string][]string, len(rule.When))
	}
	for _, c := range rule.When {
		row.When[c.Attribute] = c.Values
	}
	return row
}

// newRemote is what a row says itself, as shortly as it can be said; nil where it says nothing.
func newRemote(rules []RemoteRule) any {
	switch {
	case len(rules) == 0:
		return nil
	case len(rules) > 1:
		rows := make([]remoteRow, len(rules))
		for i, rule := range rules {
			rows[i] = newRuleRow(rule)
		}
		return rows
	}
	row := newRuleRow(rules[0])
	switch len(row.Needs) {
	case 0:
		return row.Class
	case 1:
		return row.Needs[0]
	}
	return row.Needs
}
