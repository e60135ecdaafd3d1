package doorwardcmd

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/decisionlog"
)

// writeExplanation shows a decision: whose request it was, stage by stage how far it came, what the policies were asked,
// and what would let it through.
func writeExplanation(w io.Writer, e module.Explanation) {
	r := e.Record
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, oneLine(value))
		}
	}
	row("verdict", decisionText(r))
	row("decision", r.ID)
	row("time", momentOr(r.Time, ""))
	row("request", strings.TrimSpace(r.Method+" "+r.Path))
	row("parameters", strings.Join(r.Query, " "))
	row("host", r.Host)
	row("client", r.ClientIP)
	row("environment", r.Environment)
	row("token", r.TokenID)
	row("user", r.User)
	row("scopes", strings.Join(r.Scopes, " "))
	row("cause", strings.ReplaceAll(r.Cause, "_", " "))
	row("fault", r.Fault)
	row("answer", messageOf(e))
	_ = table.Flush() // w is memory
	writeStages(w, r)
	for _, q := range r.Questions {
		writeQuestion(w, q)
	}
	writeSentences(w, "why", e.Why)
	writeSentences(w, "to let it through", e.Changes)
	if r.Cut {
		fmt.Fprintln(w, "\nThe record was longer than it may be; something is left out.")
	}
}

func decisionText(r decisionlog.Record) string {
	if r.Status == 0 {
		return r.Decision + " (" + r.Reason + ")"
	}
	return fmt.Sprintf("%s (%s, %d)", r.Decision, r.Reason, r.Status)
}

// messageOf is what the client was told beyond the reason's own sentence, where the whole is not known.
func messageOf(e module.Explanation) string {
	if e.Message != "" {
		return e.Message
	}
	return e.Record.Detail
}

// writeStages shows the stages that the request came to. The last one is where it ended, unless it was let through.
func writeStages(w io.Writer, r decisionlog.Record) {
	if len(r.Stages) == 0 {
		return
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, s := range r.Stages {
		outcome := "passed"
		if i == len(r.Stages)-1 && r.Decision != "allow" {
			outcome = map[string]string{"deny": "refused", "fault": "failed"}[r.Decision]
		}
		line := fmt.Sprintf("%s\t%s\t%s", oneLine(s.Name), outcome, s.Took)
		if s.Name == "endpoint" && r.Endpoint != "" {
			line += "\t" + oneLine(r.Endpoint)
		}
		fmt.Fprintln(table, line)
	}
	_ = table.Flush()
}

func writeQuestion(w io.Writer, q decisionlog.Question) {
	fmt.Fprintf(w, "\n%s: %s\n", oneLine(q.Permission), oneLine(q.Verdict)+cachedNote(q))
	for _, name := range slices.Sorted(maps.Keys(q.Attributes)) {
		fmt.Fprintf(w, "  asked about %s\n", oneLine(name+" = "+strings.Join(q.Attributes[name], ", ")))
	}
	for _, reason := range q.Reasons {
		fmt.Fprintf(w, "  decided by %s\n", oneLine(reasonText(reason)))
	}
	if len(q.Reasons) == 0 && q.Verdict == "deny" {
		fmt.Fprintln(w, "  no statement grants it")
	}
	for _, name := range q.Missing {
		fmt.Fprintf(w, "  the request does not say %s\n", oneLine(name))
	}
}

func cachedNote(q decisionlog.Question) string {
	if q.Cached {
		return " (as decided before)"
	}
	return ""
}

// reasonText names a statement where its author finds it: policy:line:column.
func reasonText(r decisionlog.Reason) string {
	text := fmt.Sprintf("%s in %q (%s %s) %d:%d", r.Effect, r.Name, r.Level, r.LevelID, r.Line, r.Column)
	if r.Boundary != "" {
		text += fmt.Sprintf(", under the boundary %q", r.Boundary)
	}
	if r.Note != "" {
		text += ": " + r.Note
	}
	return text
}

func writeSentences(w io.Writer, head string, sentences []string) {
	if len(sentences) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", head)
	for _, s := range sentences {
		fmt.Fprintf(w, "- %s\n", oneLine(s))
	}
}
