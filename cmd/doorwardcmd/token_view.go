package doorwardcmd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/doorward/doorward/tokens"
)

// tokenView is a token as --json shows it. Names and times are those of the access-tokens API; times are left out where
// there are none.
type tokenView struct {
	ID            string   `json:"id"`
	Token         string   `json:"token,omitempty"` // the whole text; only create fills it in
	Name          string   `json:"name"`
	Enabled       bool     `json:"enabled"`
	Personal      bool     `json:"personalAccessToken"`
	Administrator bool     `json:"administrator,omitempty"`
	Staff         bool     `json:"staff,omitempty"`
	Cluster       bool     `json:"cluster,omitempty"`
	Legacy        bool     `json:"legacy,omitempty"`
	ActiveGate    string   `json:"activeGateType,omitempty"`
	Seed          bool     `json:"seedToken,omitempty"`
	Owner         string   `json:"owner,omitempty"`
	Environment   string   `json:"environment"`
	Environments  []string `json:"environments,omitempty"` // all, where there are several
	Created       string   `json:"creationDate"`
	Modified      string   `json:"modifiedDate,omitempty"`
	Expires       string   `json:"expirationDate,omitempty"`
	LastUsed      string   `json:"lastUsedDate,omitempty"`
	LastUsedIP    string   `json:"lastUsedIpAddress,omitempty"`
	Networks      []string `json:"allowedNetworks,omitempty"`
	Scopes        []string `json:"scopes"`

	// Only show fills these in.
	Unused      *[]string `json:"unusedScopes,omitempty"`
	UnusedSince string    `json:"unusedScopesSince,omitempty"`
}

func viewOf(r tokens.Record) tokenView {
	v := tokenView{
		ID: r.ID, Name: r.Name, Enabled: r.Enabled, Personal: r.Personal, Administrator: r.Administrator, Cluster: r.Cluster,
		Staff: r.Staff, Legacy: r.Legacy, ActiveGate: r.ActiveGate, Seed: r.Seed, Owner: r.Owner, Environment: r.Environment,
		Scopes: notNull(r.Scopes), Networks: r.Networks,
		Created: momentOr(r.Created, ""), Modified: momentOr(r.Modified, ""), Expires: momentOr(r.Expires, ""),
		LastUsed: momentOr(r.LastUsed, ""), LastUsedIP: r.LastUsedIP,
	}
	if len(r.Environments) > 0 {
		v.Environments = tokens.EnvironmentsOf(r)
	}
	return v
}

// with adds what the token could do without.
func (v tokenView) with(h tokens.Hygiene) tokenView {
	unused := notNull(h.Unused)
	v.Unused, v.UnusedSince = &unused, momentOr(h.Since, "")
	return v
}

// momentOr writes a time as the API does, or a word where there is none.
func momentOr(t time.Time, none string) string {
	if t.IsZero() {
		return none
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// writeToken shows one token, as JSON or a line for each of its facts.
func writeToken(w io.Writer, v tokenView, asJSON bool) error {
	if asJSON {
		return writeJSON(w, v)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(table, "%s\t%s\n", name, oneLine(value)) }
	row("id", v.ID)
	row("name", v.Name)
	row("owner", orDash(v.Owner))
	row("environment", orWord(strings.Join(v.Environments, " "), v.Environment))
	row("kind", v.kind())
	row("enabled", yesNo(v.Enabled))
	row("created", orDash(v.Created))
	row("modified", orWord(v.Modified, "never"))
	row("expires", orWord(v.Expires, "never"))
	row("last used", strings.TrimSpace(orWord(v.LastUsed, "never")+" "+v.LastUsedIP))
	row("networks", orWord(strings.Join(v.Networks, " "), "any"))
	row("scopes", orDash(strings.Join(v.Scopes, " ")))
	if v.Unused != nil {
		row("unused", orWord(strings.Join(*v.Unused, " "), "none")+", since "+v.UnusedSince)
	}
	return table.Flush()
}

func (v tokenView) kind() string {
	var kind []string
	for _, k := range []struct {
		is   bool
		word string
	}{
		{v.ActiveGate != "", "ActiveGate of type " + v.ActiveGate}, {v.Seed, "seed"}, {v.Legacy, "old format"},
		{v.Personal, "personal"}, {v.Administrator, "administrator"}, {v.Staff, "remote support staff"}, {v.Cluster, "cluster"},
	} {
		if k.is {
			kind = append(kind, k.word)
		}
	}
	return orDash(strings.Join(kind, ", "))
}

func orDash(text string) string { return orWord(text, "-") }

func orWord(text, word string) string {
	if text == "" {
		return word
	}
	return text
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
