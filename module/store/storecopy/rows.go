package storecopy

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// maxBytes bounds what a batch holds in memory, whatever the length of its rows; one row more may be on top.
const maxBytes = 8 << 20

// A row has a value for each column: nil, int64, string or []byte, whatever the engine. Flags are 0 and 1.
type row []any

// read returns rows of t behind the row with the key after, in the order of the key; nil is the beginning. The order of texts is the
// engine's, and of no meaning to another one.
func (d *database) read(ctx context.Context, t table, after row, limit int) ([]row, error) {
	var key []string
	for _, i := range t.key() {
		key = append(key, t.columns[i].name)
	}
	text := `SELECT ` + quoted(t.names()...) + ` FROM ` + quoted(t.name) //nolint:gosec // names of our own schema
	if after != nil {
		text += ` WHERE (` + quoted(key...) + `) > (` + d.placeholders(0, len(key)) + `)`
	}
	text += fmt.Sprintf(` ORDER BY %s LIMIT %d`, quoted(key...), limit)
	answer, err := d.Reading.QueryContext(ctx, text, d.keyValues(t, after)...)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	var rows []row
	for size := 0; size < maxBytes && answer.Next(); {
		r := make(row, len(t.columns))
		into := make([]any, len(r))
		for i := range r {
			into[i] = &r[i]
		}
		if err := answer.Scan(into...); err != nil {
			return nil, err
		}
		if err := d.fromEngine(r); err != nil {
			return nil, err
		}
		for _, v := range r {
			size += sizeOf(v)
		}
		rows = append(rows, r)
	}
	return rows, answer.Err()
}

func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v) + 16
	case []byte:
		return len(v) + 16
	}
	return 16
}

func (d *database) keyValues(t table, key row) []any {
	if key == nil {
		return nil
	}
	var values []any
	for i, of := range t.key() {
		values = append(values, d.toEngine(t.columns[of], key[i]))
	}
	return values
}

// keyOf is the key of a row.
func keyOf(t table, r row) row {
	var key row
	for _, i := range t.key() {
		key = append(key, r[i])
	}
	return key
}

func (d *database) fromEngine(r row) error {
	for i, v := range r {
		switch v := v.(type) {
		case nil, int64, []byte:
		case string:
			r[i] = d.Original(v)
		case bool:
			r[i] = int64(0)
			if v {
				r[i] = int64(1)
			}
		default:
			return fmt.Errorf("a value of type %T cannot be copied", v)
		}
	}
	return nil
}

func (d *database) toEngine(c column, v any) any {
	switch v := v.(type) {
	case string:
		return d.Storable(v)
	case int64:
		if c.flag {
			return v != 0
		}
	}
	return v
}

// insert writes rows in as few statements as they fit into.
func (d *database) insert(ctx context.Context, tx *sql.Tx, t table, rows []row) error {
	for most := max(1, d.engine.values/len(t.columns)); len(rows) > 0; {
		some := rows[:min(most, len(rows))]
		rows = rows[len(some):]
		var text strings.Builder
		text.WriteString(`INSERT INTO ` + quoted(t.name) + ` (` + quoted(t.names()...) + `) VALUES `)
		values := make([]any, 0, len(some)*len(t.columns))
		for i, r := range some {
			if i > 0 {
				text.WriteString(", ")
			}
			text.WriteString("(" + d.placeholders(len(values), len(t.columns)) + ")")
			for i, v := range r {
				values = append(values, d.toEngine(t.columns[i], v))
			}
		}
		if _, err := tx.ExecContext(ctx, text.String(), values...); err != nil {
			return err
		}
	}
	return nil
}

// placeholders are n of them, where there are so many already.
func (d *database) placeholders(have, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = d.engine.placeholder(have + i + 1)
	}
	return strings.Join(all, ", ")
}

// Digest is of a table: the sum of the SHA-256 of its rows, modulo 2^256. It does not depend on an order, because engines need not
// agree on one. A row has its key in it, so no two rows are the same and equal sums are equal tables. It finds accidents; who can
// choose rows on purpose could change the store as well.
type Digest [4]uint64

// String is the digest as 64 hexadecimal digits.
func (d Digest) String() string {
	var text []byte
	for i := range d {
		text = binary.BigEndian.AppendUint64(text, d[len(d)-1-i])
	}
	return hex.EncodeToString(text)
}

func (d *Digest) add(r row) {
	sum := sha256.Sum256(encoded(r))
	var carry uint64
	for i := range d {
		d[i], carry = bits.Add64(d[i], binary.LittleEndian.Uint64(sum[8*i:]), carry)
	}
}

// encoded is a row as bytes: each value with its type and, where it needs one, its length in front.
func encoded(r row) []byte {
	text := make([]byte, 0, 256)
	for _, v := range r {
		switch v := v.(type) {
		case int64:
			text = binary.BigEndian.AppendUint64(append(text, 'n'), uint64(v)) //nolint:gosec // the bits are what is wanted
		case string:
			text = binary.BigEndian.AppendUint64(append(text, 't'), uint64(len(v)))
			text = append(text, v...)
		case []byte:
			text = binary.BigEndian.AppendUint64(append(text, 'b'), uint64(len(v)))
			text = append(text, v...)
		default:
			text = append(text, '0')
		}
	}
	return text
}

var errPlace = errors.New("the note of how far the copy is cannot be read; empty the target and begin anew")

// A place in a table is noted as the key of the last row there, in texts that begin with the type of the value.
func noted(key row) []string {
	var texts []string
	for _, v := range key {
		switch v := v.(type) {
		case int64:
			texts = append(texts, fmt.Sprint("n", v))
		case string:
			texts = append(texts, "t"+hex.EncodeToString([]byte(v)))
		case []byte:
			texts = append(texts, "b"+hex.EncodeToString(v))
		}
	}
	return texts
}

func readNoted(texts []string) (row, error) {
	var key row
	for _, text := range texts {
		if text == "" {
			return nil, errPlace
		}
		if text[0] == 'n' {
			var n int64
			if _, err := fmt.Sscan(text[1:], &n); err != nil {
				return nil, errPlace
			}
			key = append(key, n)
			continue
		}
		value, err := hex.DecodeString(text[1:])
		switch {
		case err != nil:
			return nil, errPlace
		case text[0] == 't':
			key = append(key, string(value))
		default:
			key = append(key, value)
		}
	}
	return key, nil
}
