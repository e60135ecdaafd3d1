package storecopy

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
)

// engine is what copying needs to know of one database. Its triggers are silent while rows are written that triggers have made, or
// have let pass, before; they are so within one transaction, and never for anybody else.
type engine struct {
	columns     string // table, column, flag or not, place in the key, numbered or not
	references  string // table, table that it refers to
	placeholder func(n int) string
	// values is how many a statement has at most. PostgreSQL takes 65,535, and each statement is a journey. SQLite takes 32,766, but
	// its driver looks through all of them for each.
	values int
	begin  string // the first statement of a transaction that may take long; "" for none
	// roomy and modest are said to the one connection that writes, before and after: with little memory each row that comes into an
	// index of random order is a page that is read and written.
	roomy, modest string
	// silence stops the triggers of a table and returns what lets them speak again.
	silence func(ctx context.Context, tx *sql.Tx, table string) (restore func() error, err error)
	// analyze is what makes the database look at how large a table is, with %s for its name, before anybody asks it much; "" where it
	// chooses without.
	analyze string
	// number makes the database give numbers above those that are there; nil where it does by itself.
	number func(ctx context.Context, tx *sql.Tx, table, column string) error
}

var engines = map[string]engine{
	"sqlite": {
		columns: `SELECT m.name, c.name, FALSE, c.pk, FALSE FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!'`,
		references:  `SELECT m.name, f."table" FROM sqlite_schema AS m JOIN pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'`,
		placeholder: func(int) string { return "?" },
		values:      500,
		roomy:       `PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 20000`,
		modest:      `PRAGMA cache_size = -2000; PRAGMA wal_autocheckpoint = 1000`,
		silence:     dropTriggers,
	},
	"postgres": {
		columns: `SELECT c.table_name, c.column_name, c.data_type = 'boolean', coalesce(k.place, 0), c.is_identity = 'YES'
			FROM information_schema.columns AS c
			JOIN information_schema.tables AS t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
			LEFT JOIN (SELECT u.table_schema, u.table_name, u.column_name, u.ordinal_position AS place
				FROM information_schema.key_column_usage AS u JOIN information_schema.table_constraints AS p
					ON p.constraint_schema = u.constraint_schema AND p.constraint_name = u.constraint_name AND p.table_name = u.table_name
				WHERE p.constraint_type = 'PRIMARY KEY') AS k
				ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
			WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'`,
		references: `SELECT DISTINCT c.table_name, u.table_name FROM information_schema.table_constraints AS c
			JOIN information_schema.constraint_column_usage AS u
				ON u.constraint_schema = c.constraint_schema AND u.constraint_name = c.constraint_name
			WHERE c.constraint_type = 'FOREIGN KEY' AND c.table_schema = current_schema()`,
		placeholder: func(n int) string { return "$" + strconv.Itoa(n) },
		begin:       `SET LOCAL statement_timeout = 0`,
		values:      15_000,
		silence:     disableTriggers,
		analyze:     `ANALYZE %s`,
		number: func(ctx context.Context, tx *sql.Tx, table, column string) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`SELECT setval(pg_get_serial_sequence('%[1]s', '%[2]s'), coalesce(max(%[2]s), 0) + 1, FALSE) FROM %[1]s`,
				table, column)) // names of our own schema
			return err
		},
	},
}

// dropTriggers is SQLite's way: a trigger can only be there or not. Both is part of the transaction.
func dropTriggers(ctx context.Context, tx *sql.Tx, table string) (restore func() error, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? ORDER BY name`, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names, texts []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		names, texts = append(names, name), append(texts, text)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := tx.ExecContext(ctx, `DROP TRIGGER `+quoted(name)); err != nil {
			return nil, err
		}
	}
	return func() error {
		for _, text := range texts {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// disableTriggers leaves those alone that guard foreign keys.
func disableTriggers(ctx context.Context, tx *sql.Tx, table string) (restore func() error, err error) {
	if _, err := tx.ExecContext(ctx, `ALTER TABLE `+quoted(table)+` DISABLE TRIGGER USER`); err != nil {
		return nil, err
	}
	return func() error {
		_, err := tx.ExecContext(ctx, `ALTER TABLE `+quoted(table)+` ENABLE TRIGGER USER`)
		return err
	}, nil
}
