package storecopy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The tables that need a word of their own. All others are known by the schema alone, so that a migration needs no change here.
const (
	stateTable = "store_state" // its row is what makes a store of a database: it comes last
	headTable  = "audit_head"  // a new store has a row of it
	noteTable  = "store_copy"  // how far a copy is; in the target, until the copy ends
)

// apart are tables that are no part of what a store keeps. Who is signed in to the console is not copied: a session belongs to the
// gateways that it was begun at, and a copy that somebody takes away must not bring anybody's along.
var apart = []string{"schema_version", "schema_lock", "console_sessions", noteTable}

// column of a table. Columns are in the order of their names: migrations add them in another order to one engine than to another.
type column struct {
	name     string
	flag     bool // 0 and 1 are false and true there
	key      int  // its place in the primary key, from 1; 0 for none
	numbered bool // the database gives numbers where none is given
}

type table struct {
	name    string
	columns []column
}

// key are the columns of the primary key, in their order, as places in t.columns.
func (t table) key() []int {
	var key []int
	for i, c := range t.columns {
		if c.key > 0 {
			key = append(key, i)
		}
	}
	slices.SortFunc(key, func(a, b int) int { return cmp.Compare(t.columns[a].key, t.columns[b].key) })
	return key
}

func (t table) names() []string {
	var names []string
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return names
}

// schema are the tables of a store, those that others refer to before those others.
func (d *database) readSchema(ctx context.Context) error {
	rows, err := d.Reading.QueryContext(ctx, d.engine.columns)
	if err != nil {
		return err
	}
	defer rows.Close()
	found := map[string]*table{}
	for rows.Next() {
		var of string
		var c column
		if err := rows.Scan(&of, &c.name, &c.flag, &c.key, &c.numbered); err != nil {
			return err
		}
		if slices.Contains(apart, of) {
			continue
		}
		if found[of] == nil {
			found[of] = &table{name: of}
		}
		found[of].columns = append(found[of].columns, c)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	references, err := d.readReferences(ctx)
	if err != nil {
		return err
	}
	d.tables, err = inOrder(found, references)
	return err
}

// readReferences lists, of each table, those that it refers to.
func (d *database) readReferences(ctx context.Context) (map[string][]string, error) {
	rows, err := d.Reading.QueryContext(ctx, d.engine.references)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	references := map[string][]string{}
	for rows.Next() {
		var from, to string
		if err := rows.Scan(&from, &to); err != nil {
			return nil, err
		}
		references[from] = append(references[from], to)
	}
	return references, rows.Err()
}

var errCircle = errors.New("the tables refer to each other in a circle")

// inOrder sorts by name, but for what must come before. Each round takes at least one table.
func inOrder(found map[string]*table, references map[string][]string) ([]table, error) {
	var tables []table
	for len(found) > 0 {
		var ready []table
		for name, t := range found {
			slices.SortFunc(t.columns, func(a, b column) int { return cmp.Compare(a.name, b.name) })
			waits := slices.ContainsFunc(references[name], func(to string) bool { return to != name && found[to] != nil })
			if !waits {
				ready = append(ready, *t)
			}
		}
		if len(ready) == 0 {
			return nil, errCircle
		}
		slices.SortFunc(ready, func(a, b table) int { return cmp.Compare(a.name, b.name) })
		for _, t := range ready {
			delete(found, t.name)
		}
		tables = append(tables, ready...)
	}
	return tables, nil
}

// compare says where two stores do not have the same tables, columns and keys; nil where they do.
func compare(a, b []table) error {
	named := map[string]table{}
	for _, t := range b {
		named[t.name] = t
	}
	for _, t := range a {
		other, ok := named[t.name]
		if !ok || !slices.Equal(t.names(), other.names()) || !slices.Equal(t.key(), other.key()) {
			return fmt.Errorf("the stores do not keep the same in the table %s; one of them was made by another Doorward", t.name)
		}
		delete(named, t.name)
	}
	for name := range named {
		return fmt.Errorf("only one of the stores has a table %s; one of them was made by another Doorward", name)
	}
	return nil
}

// quoted is a list of names as SQL has them: some are words of SQL too.
func quoted(names ...string) string {
	return `"` + strings.Join(names, `", "`) + `"`
}
