package console

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// maxExported bounds an export, in rows. Whoever needs more reads the API, page by page.
const maxExported = 100_000

// export is a listing as a file. Pages are fetched from the API and written one after the other, so that a million rows
// cost no more memory than a page.
type export struct {
	Name    string   // of the file, without the ending
	Member  string   // of the JSON text in which the rows are
	Columns []string // of the CSV text, and members of a row
	// Page fetches a page by its key, "" for the first. Total is that of all pages, or 0 where the API does not say.
	Page func(key string) (rows []json.RawMessage, next string, total int, err error)
}

// write streams the file. An error before the first byte is the answer's; after it the connection ends before the file does,
// so that a part does not pass for the whole.
func (e export) write(v *visit, kind string) error {
	rows, next, total, err := e.Page("")
	if err != nil {
		return err
	}
	out, err := e.begin(v.w, kind, total)
	if err != nil {
		return err
	}
	for written := 0; ; {
		rows = rows[:min(len(rows), maxExported-written)]
		for _, row := range rows {
			if err := out.row(row); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
		if written += len(rows); next == "" || written >= maxExported {
			out.end(next != "")
			return nil
		}
		if rows, next, _, err = e.Page(next); err != nil {
			v.console.config.Log("an export broke off", err)
			panic(http.ErrAbortHandler)
		}
	}
}

// sheet is a file that is being written.
type sheet interface {
	row(json.RawMessage) error
	end(truncated bool)
}

// begin says in the file's name when not everything is in it: a sheet has no other place for that.
func (e export) begin(w http.ResponseWriter, kind string, total int) (sheet, error) {
	name := e.Name
	if total > maxExported {
		name += fmt.Sprintf("-first-%d-of-%d", maxExported, total)
	}
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+"."+kind+`"`)
	switch kind {
	case "csv":
		w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
		s := &csvSheet{columns: e.Columns, w: csv.NewWriter(w)}
		s.w.UseCRLF = true // RFC 4180
		return s, s.w.Write(e.Columns)
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, err := fmt.Fprintf(w, "{%q:[", e.Member)
		return &jsonSheet{w: w}, err
	}
}

type jsonSheet struct {
	w    http.ResponseWriter
	some bool
}

func (s *jsonSheet) row(row json.RawMessage) error {
	separator := ",\n"
	if !s.some {
		separator, s.some = "\n", true
	}
	_, err := s.w.Write(append([]byte(separator), row...))
	return err
}

func (s *jsonSheet) end(truncated bool) { fmt.Fprintf(s.w, "\n],\"truncated\":%t}\n", truncated) }

type csvSheet struct {
	columns []string
	w       *csv.Writer
}

func (s *csvSheet) row(row json.RawMessage) error {
	var members map[string]any
	decoder := json.NewDecoder(bytes.NewReader(row))
	decoder.UseNumber() // as it is written, and not as 1e+06
	if err := decoder.Decode(&members); err != nil {
		return err
	}
	cells := make([]string, len(s.columns))
	for i, column := range s.columns {
		cells[i] = cell(members[column])
	}
	if err := s.w.Write(cells); err != nil {
		return err
	}
	s.w.Flush() // into the answer's own buffer
	return s.w.Error()
}

func (s *csvSheet) end(bool) { s.w.Flush() }

// cell is a member as text: lists with blanks between their values.
//
// A program for sheets takes a cell that begins with one of =+-@ for a formula, and a name can be anything. An apostrophe
// before it makes it a text, which is what OWASP advises against injection by CSV.
func cell(value any) string {
	text := ""
	switch value := value.(type) {
	case nil:
	case string:
		text = value
	case []any:
		words := make([]string, len(value))
		for i, one := range value {
			words[i] = fmt.Sprint(one)
		}
		text = strings.Join(words, " ")
	case map[string]any:
		written, _ := json.Marshal(value) // it was read as JSON
		text = string(written)
	default:
		text = fmt.Sprint(value)
	}
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
