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
	ID          string   `json:"id"`
	Token       string   `json:"token,omitempty"` // the whole text; only create fills it in
	Name        string   `json:"name"`
	Enabled     bool     `json:"enabled"`
	Personal    bool     `json:"personalAccessToken"`
	Cluster     bool     `json:"cluster,omitempty"`
	Legacy      bool     `json:"legacy,omitempty"`
	Owner       string   `json:"owner,omitempty"`
	Environment string   `json:"environment"`
	Created     string   `json:"creationDate"`
	Modified    string   `json:"modifiedDate,omitempty"`
	Expires     string   `json:"expirationDate,omitempty"`
	LastUsed    string   `json:"lastUsedDate,omitempty"`
	LastUsedIP  string   `json:"lastUsedIpAddress,omitempty"`
	Scopes      []string `json:"scopes"`
}

func viewOf(r tokens.Record) tokenView {
	return tokenView{
		ID: r.ID, Name: r.Name, Enabled: r.Enabled, Personal: r.Personal, Cluster: r.Cluster, Legacy: r.Legacy,
		Owner: r.Owner, Environment: r.Environment, Scopes: r.Scopes,
		Created: momentOr(r.Created, ""), Modified: momentOr(r.Modified, ""), Expires: momentOr(r.Expires, ""),
		LastUsed: momentOr(r.LastUsed, ""), LastUsedIP: r.LastUsedIP,
	}
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
func writeToken(w io.Writer, r tokens.Record, asJSON bool) error {
	if asJSON {
		return writeJSON(w, viewOf(r))
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(table, "%s\t%s\n", name, oneLine(value)) }
	row("id", r.ID)
	row("name", r.Name)
	row("owner", orDash(r.Owner))
	row("environment", r.Environment)
	row("kind", kindOf(r))
	row("enabled", yesNo(r.Enabled))
	row("created", momentOr(r.Created, "-"))
	row("modified", momentOr(r.Modified, "never"))
	row("expires", momentOr(r.Expires, "never"))
	row("last used", strings.TrimSpace(momentOr(r.LastUsed, "never")+" "+r.LastUsedIP))
	row("scopes", strings.Join(r.Scopes, " "))
	return table.Flush()
}

func kindOf(r tokens.Record) string {
	var kind []string
	if r.Legacy {
		kind = append(kind, "old format")
	}
	if r.Personal {
		kind = append(kind, "personal")
	}
	if r.Cluster {
		kind = append(kind, "cluster")
	}
	return orDash(strings.Join(kind, ", "))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
