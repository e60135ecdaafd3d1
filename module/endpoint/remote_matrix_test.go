package endpoint

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/remote"
)

// member is somebody of the staff with a live grant.
const member = "john.smith@example.org"

var roles = []remote.Role{remote.Viewer, remote.User, remote.Admin}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// granted is what holds while the member has a grant of a role.
func granted(role remote.Role) *remote.Snapshot {
	grant := remote.Request{ID: "g", User: member, Role: role, State: remote.Accepted, Expires: noon.Add(time.Hour)}
	setting := remote.SettingRecord{Setting: remote.Approved, Changed: noon}
	return remote.NewSnapshot(remote.Current{Setting: setting, Open: []remote.Request{grant}}, remote.Off, remote.Admin)
}

// outcome is "yes", "no", or "masked" where all but the sight of sensitive data is there and the answer can be masked.
func outcome(role remote.Role, row *Endpoint, rules ...RemoteRule) string {
	worst := "yes"
	for _, rule := range rules {
		call := remote.Call{User: member, Class: rule.Class, Needs: rule.Needs, Now: noon}
		if granted(role).Decide(call).Allows() {
			continue
		}
		call.Needs &^= remote.SensitiveRead
		if row.Masked == nil || !granted(role).Decide(call).Allows() {
			return "no"
		}
		worst = "masked"
	}
	return worst
}

// conditions numbers what rules depend on, in the order in which it comes up.
type conditions []string

func (c *conditions) number(rule RemoteRule) string {
	if len(rule.When) == 0 {
		return "else"
	}
	var texts []string
	for _, when := range rule.When {
		texts = append(texts, when.Attribute+" in "+strings.Join(when.Values, " "))
	}
	text := strings.Join(texts, " and ")
	if !slices.Contains(*c, text) {
		*c = append(*c, text)
	}
	return fmt.Sprintf("#%d", slices.Index(*c, text)+1)
}

// column is the outcome of a row, or the conditions under which it is yes.
func (c *conditions) column(role remote.Role, row *Endpoint) string {
	var outcomes, open []string
	for _, rule := range row.RemoteCandidates(nothingKnown) {
		result := outcome(role, row, rule)
		outcomes = append(outcomes, result)
		if result == "yes" {
			open = append(open, c.number(rule))
		}
	}
	if len(slices.Compact(outcomes)) == 1 {
		return outcomes[0]
	}
	return "if:" + strings.Join(open, ",")
}

func nothingKnown(string) ([]string, bool) { return nil, false }

// needs is what the rules of a row ask for, with the conditions.
func (c *conditions) needs(row *Endpoint) string {
	var texts []string
	for _, rule := range row.RemoteCandidates(nothingKnown) {
		text := strings.ReplaceAll(answerOf(rule), ", ", "+")
		if len(rule.When) > 0 {
			text = c.number(rule) + ":" + text
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

// TestRemoteMatrix is what each role may do on every row of the embedded catalogues, to be read line by line.
func TestRemoteMatrix(t *testing.T) {
	var lines bytes.Buffer
	var numbered conditions
	for _, name := range []string{"dynatrace", Own} {
		rows := ownRows(t, name)
		mapped := 0
		fmt.Fprintf(&lines, "\n%s: %d rows\n%-110s %-60s %-12s %-12s %s\n", name, len(rows), "row", "needs", "Viewer", "User", "Admin")
		for _, row := range rows {
			if len(row.Remote) > 0 {
				mapped++
			}
			fmt.Fprintf(&lines, "%-110s %-60s", row.Pattern, numbered.needs(row))
			for i, role := range roles {
				fmt.Fprintf(&lines, map[bool]string{true: " %-12s", false: " %s\n"}[i < len(roles)-1], numbered.column(role, row))
			}
		}
		fmt.Fprintf(&lines, "%d unmapped\n", len(rows)-mapped)
	}
	var got bytes.Buffer
	for i, text := range numbered {
		fmt.Fprintf(&got, "#%d %s\n", i+1, text)
	}
	got.Write(lines.Bytes())
	const golden = "testdata/remote.golden"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("who may do what (-want +got):\n%s", diff)
	}
}

// ownRows are the rows of a catalogue without their aliases, in the order of the table.
func ownRows(t *testing.T, name string) []*Endpoint {
	t.Helper()
	c, err := Embedded(name)
	if err != nil {
		t.Fatal(err)
	}
	table := mustBuild(t, c.Layer())
	return slices.DeleteFunc(table.All(), func(row *Endpoint) bool { return row.AliasOf != "" })
}
