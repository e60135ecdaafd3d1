package doorwardcmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"text/tabwriter"
)

// writePages writes a table, of which only a page is in memory at a time.
func writePages[T any](w io.Writer, heading string, pages iter.Seq2[[]T, error], row func(io.Writer, T)) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, heading)
	for page, err := range pages {
		if err != nil {
			return errors.Join(err, table.Flush())
		}
		for _, thing := range page {
			row(table, thing)
		}
		// Columns are as wide as this page needs: to align all pages all would have to be in memory.
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// writeArray writes a JSON array without holding it in memory. After an error the array stays open, so that half a list
// cannot be read as a whole one.
func writeArray[T, V any](w io.Writer, pages iter.Seq2[[]T, error], view func(T) V) error {
	before, end := "[", "[]"
	for page, err := range pages {
		if err != nil {
			return err
		}
		for _, thing := range page {
			text, err := json.MarshalIndent(view(thing), "  ", "  ")
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%s\n  %s", before, text); err != nil {
				return err
			}
			before, end = ",", "\n]"
		}
	}
	_, err := fmt.Fprintln(w, end)
	return err
}
