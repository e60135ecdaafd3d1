package postgres

import (
	"database/sql"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/doorward/doorward/module/store/sqlstore"
)

// channel is where gateways tell each other of revisions.
const channel = "doorward"

func dialect(pool *pgxpool.Pool, hints bool) sqlstore.Dialect {
	d := sqlstore.Dialect{
		Name:     "postgres",
		Text:     words,
		Key:      func(column string) string { return "(left(" + column + ", 200), " + column + ") = (left(?, 200), ?0)" },
		Cuts:     true,
		Lock:     `SELECT revision FROM store_state FOR UPDATE`,
		Snapshot: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		Taken:    isTaken,
		Dangling: isDangling,
		Again:    func(err error) bool { return isAgain(pool, err) },
		Fault:    faultOf,
	}
	if hints {
		d.Hint = `SELECT pg_notify('` + channel + `', CAST(CAST(? AS BIGINT) AS TEXT))`
	}
	return d
}

var (
	// index is how SQLite is told the index. PostgreSQL has statistics to choose by.
	index = regexp.MustCompile(` INDEXED BY \w+`)
	// Longer ones first: of two that begin at the same place the first is taken.
	ours = strings.NewReplacer(
		"json_each(?) AS line", "jsonb_array_elements(?::jsonb) AS line(value)",
		"IN (SELECT value FROM json_each(?))", "= ANY (ARRAY(SELECT jsonb_array_elements_text(?::jsonb)))", // which an index serves
		"json_each(?)", "jsonb_array_elements_text(?::jsonb)",
		"json_group_array(boundary_uuid)", "coalesce(json_agg(boundary_uuid), '[]')::text",
		"max(ifnull(", "greatest(coalesce(",
		"ifnull(", "coalesce(",
		"instr(", "strpos(",
		"CROSS JOIN", "JOIN",
		"legacy = 1", "legacy",
		"enabled = 1", "enabled",
		"enabled = 0", "NOT enabled",
		"break_glass = 1", "break_glass",
		"break_glass = 0", "NOT break_glass",
	)
	placeholder = regexp.MustCompile(`\?\d*`)
)

// words puts a statement of package sqlstore into PostgreSQL's. A placeholder is the next value; with a number it is that value, and
// with 0 the value before it once more.
func words(text string) string {
	text = ours.Replace(index.ReplaceAllString(text, ""))
	last := 0
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		switch p {
		case "?":
			last++
		case "?0":
		default:
			return "$" + p[1:]
		}
		return "$" + strconv.Itoa(last)
	})
}
