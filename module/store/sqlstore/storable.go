package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Databases other than SQLite take texts of UTF-8 without NUL only. Others come from outside all the same: in a path, in a name that
// somebody tries out. A trail that could not record them could be kept from recording, so they are written in another way: what
// cannot be stored as escape and two hexadecimal digits for each byte. Every other text is stored as it is.
const escape = "\U0010FFFD" // nobody's: the last but two of the private characters

// storable is text as it is written.
func storable(text string) string {
	if utf8.ValidString(text) && !strings.ContainsRune(text, 0) && !strings.Contains(text, escape) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if one := text[i : i+size]; r == 0 || r == utf8.RuneError && size == 1 || one == escape {
			for _, c := range []byte(one) {
				b.WriteString(escape + hex.EncodeToString([]byte{c}))
			}
		} else {
			b.WriteString(one)
		}
		i += size
	}
	return b.String()
}

// original is the text that storable has made written of. What it cannot have made is left as it is.
func original(written string) string {
	if !strings.Contains(written, escape) {
		return written
	}
	parts := strings.Split(written, escape)
	var b strings.Builder
	b.WriteString(parts[0])
	for _, part := range parts[1:] {
		if len(part) >= 2 {
			if c, err := hex.DecodeString(part[:2]); err == nil {
				b.Write(c)
				b.WriteString(part[2:])
				continue
			}
		}
		b.WriteString(escape + part)
	}
	return b.String()
}

// storables are the values of a statement as they are written. Those of types that write themselves are left alone, but for set and
// table: what is written there is compared with columns.
func storables(values []any) []any {
	written := make([]any, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case string:
			written[i] = storable(v)
		case stored:
			written[i] = string(v)
		case set:
			written[i] = v.written()
		case table:
			written[i] = v.written()
		default:
			written[i] = v
			if of := reflect.ValueOf(v); of.Kind() == reflect.String {
				written[i] = storable(of.String())
			}
		}
	}
	return written
}

// stored is a text that storable has been applied to, where that is needed.
type stored string

// set is a list of texts as one value, for json_each(?).
type set []string

// Value is driver.Valuer's, where nothing need be written in another way.
func (s set) Value() (driver.Value, error) { return asJSON(append([]string{}, s...)), nil }

// written is the list as JSON, each text storable.
func (s set) written() string {
	all := make([]string, len(s))
	for i, text := range s {
		all[i] = storable(text)
	}
	return asJSON(all)
}

// table is a list of rows as one value, for json_each(?) AS line: line.value ->> 0 is the first of a row.
type table [][]any

// Value is driver.Valuer's, where nothing need be written in another way.
func (t table) Value() (driver.Value, error) { return asJSON(t), nil }

func (t table) written() string {
	all := make([][]any, len(t))
	for i, line := range t {
		all[i] = storables(line)
	}
	return asJSON(all)
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "[]" // lists of texts and numbers always can be written
	}
	return string(text)
}

// readingRow and readingRows give texts back as they were before storable.
type readingRow struct{ row *sql.Row }

func (r readingRow) Scan(into ...any) error {
	err := r.row.Scan(into...)
	readBack(into)
	return err
}

type readingRows struct{ *sql.Rows }

func (r readingRows) Scan(into ...any) error {
	err := r.Rows.Scan(into...)
	readBack(into)
	return err
}

func readBack(into []any) {
	for _, one := range into {
		switch one := one.(type) {
		case *string:
			*one = original(*one)
		case *sql.NullString:
			one.String = original(one.String)
		}
	}
}
