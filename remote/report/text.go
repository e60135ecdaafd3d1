package report

import (
	"bufio"
	"fmt"
	"io"
)

// Text writes a report for a terminal. The error is the writer's.
func Text(w io.Writer, r Report) error {
	out := bufio.NewWriter(w) // it keeps the first error, and Flush gives it
	fmt.Fprintln(out, "Remote access report")
	fmt.Fprintln(out)
	for _, f := range r.facts() {
		fmt.Fprintf(out, "%-12s %s\n", f.Name, f.Value)
	}
	if cut := r.Unlisted.sentence(); cut != "" {
		fmt.Fprintf(out, "\n%s\n", cut)
	}
	heading(out, "Changes of the request", len(r.Steps))
	for _, s := range r.Steps {
		fmt.Fprintf(out, "%s  %s  %s\n", moment(s.Time), shown(s.Actor), s.sentence())
		for _, c := range s.Changes {
			fmt.Fprintf(out, "    %s\n", c.sentence())
		}
	}
	heading(out, "Sessions", len(r.Sessions))
	for _, s := range r.Sessions {
		fmt.Fprintf(out, "%s  %s\n", moment(s.Began), s.sentence())
	}
	heading(out, "Requests", len(r.Calls))
	for _, c := range r.Calls {
		fmt.Fprintf(out, "%s  %-9s  %-6s  %s\n    %s\n", moment(c.Time), c.result(), orWord(shown(c.Method), "-"), orWord(c.target(), "-"), c.remarks())
	}
	return out.Flush()
}

func heading(w io.Writer, name string, n int) {
	fmt.Fprintf(w, "\n%s\n", name)
	if n == 0 {
		fmt.Fprintln(w, "none")
	}
}
