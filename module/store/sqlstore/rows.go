package sqlstore

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/fault"
)

// list reads all rows; the query bounds their number.
func list[T any](ctx context.Context, db session, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// conditions collects the parts of a WHERE. Texts are written in this package; what comes from outside is a value.
type conditions struct {
	texts  []string
	values []any
	key    func(column string) string // Dialect.Key, for columns of texts of any length
}

func (c *conditions) add(text string, values ...any) {
	c.texts = append(c.texts, text)
	c.values = append(c.values, values...)
}

// equal adds a condition unless value is "", which stands for any.
func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add(column+" = ?", value)
	}
}

// exactly is equal for a column of texts of any length.
func (c *conditions) exactly(column, value string) {
	if value != "" {
		c.is(column, value)
	}
}

// is is exactly where "" stands for itself.
func (c *conditions) is(column, value string) {
	if c.key != nil {
		c.add(c.key(column), value)
	} else {
		c.add(column+" = ?", value)
	}
}

// among adds a condition unless values is empty, which stands for any.
func (c *conditions) among(column string, values []string) {
	if len(values) > 0 {
		c.add(column+" IN (SELECT value FROM json_each(?))", set(values))
	}
}

func (c *conditions) where() string {
	if len(c.texts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.texts, " AND ")
}

// arm is one list of a union: a SELECT and its values.
type arm struct {
	text   string
	values []any
}

func armOf(text string, c conditions) arm { return arm{text + c.where(), c.values} }

// together is several lists as one. Where each is in order, SQLite merges them as it goes and stops at the limit.
func together(arms []arm) (text string, values []any) {
	var texts []string
	for _, a := range arms {
		texts, values = append(texts, a.text), append(values, a.values...)
	}
	return strings.Join(texts, " UNION ALL "), values
}

// merged is the beginning of several lists in an order that is theirs together.
func (d Dialect) merged(arms []arm, order string, limit int) (text string, values []any) {
	if !d.Cuts {
		text, values = together(arms)
		return text + order + ` LIMIT ?`, append(values, limit)
	}
	// The limit stands in the text: a plan that is made for any limit reads everything and sorts it.
	order += ` LIMIT ` + strconv.Itoa(limit)
	if len(arms) > 1 {
		cut := make([]arm, len(arms))
		for i, a := range arms {
			cut[i] = arm{`(` + a.text + order + `)`, a.values}
		}
		arms = cut
	}
	text, values = together(arms)
	return text + order, values
}

// pageSize checks a caller's limit; 0 asks for the usual one.
func pageSize(limit, usual, most int) (int, error) {
	switch {
	case limit == 0:
		return usual, nil
	case limit < 0 || limit > most:
		return 0, fault.New(fault.Invalid, fmt.Sprintf("The limit must be from 1 to %d.", most), nil)
	}
	return limit, nil
}

// notBefore is the first millisecond that is not before t. What is stored has lost what is finer, so a bound must not.
func notBefore(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

// instant is a time that may be missing: NULL in the table, zero in a record. Both ways it loses what is finer than a
// millisecond, towards the past, so nothing expires late.
type instant time.Time

// Value is driver.Valuer's.
func (i instant) Value() (driver.Value, error) {
	if t := time.Time(i); !t.IsZero() {
		return t.UnixMilli(), nil
	}
	return nil, nil
}

// Scan is sql.Scanner's.
func (i *instant) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*i = instant{}
	case int64:
		*i = instant(time.UnixMilli(v).UTC())
	default:
		return fmt.Errorf("a time is stored as %T", v)
	}
	return nil
}

// names is a list of texts, stored as a JSON array.
type names []string

// Value is driver.Valuer's.
func (n names) Value() (driver.Value, error) {
	if len(n) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal([]string(n))
	return string(text), err
}

// Scan is sql.Scanner's. An empty list is nil.
func (n *names) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("a list is stored as %T", v)
	}
	*n = nil
	if text == "[]" {
		return nil
	}
	return json.Unmarshal([]byte(text), (*[]string)(n))
}

// pairs is a map of texts, stored as a JSON object with its keys sorted, so that equal maps are equal texts.
type pairs map[string]string

// Value is driver.Valuer's.
func (p pairs) Value() (driver.Value, error) {
	if len(p) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(map[string]string(p))
	return string(text), err
}

// Scan is sql.Scanner's. An empty map is nil.
func (p *pairs) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("a map is stored as %T", v)
	}
	*p = nil
	if text == "{}" {
		return nil
	}
	return json.Unmarshal([]byte(text), (*map[string]string)(p))
}
