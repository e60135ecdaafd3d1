package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store/migrations"
	"github.com/doorward/doorward/module/store/sqlstore"
)

// codeOf is the SQLSTATE of an error, "" where it is not the server's.
func codeOf(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func isTaken(err error) bool    { return codeOf(err) == "23505" } // unique_violation
func isDangling(err error) bool { return codeOf(err) == "23503" } // foreign_key_violation

// isLacking reports whether the database does not know a function, a kind of statement or a catalogue.
func isLacking(err error) bool {
	switch codeOf(err) {
	case "42883", "0A000", "42601", "42P01", "42704": // undefined_function, feature_not_supported, syntax_error, undefined_table, …_object
		return true
	}
	return false
}

// isMade reports whether a table or its row was made by somebody else meanwhile.
func isMade(err error) bool {
	switch codeOf(err) {
	case "42P07", "23505", "42710": // duplicate_table, unique_violation, duplicate_object
		return true
	}
	return false
}

// isAgain reports whether a transaction was taken back for the sake of another, or met a server that has become a standby.
func isAgain(pool *pgxpool.Pool, err error) bool {
	switch codeOf(err) {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	case "25006": // read_only_sql_transaction: the next connection is to a server that takes changes, or to none
		pool.Reset()
		return true
	}
	return false
}

// faultOf is the kind of a fault and its public text. Classes of SQLSTATE are its first two characters.
func faultOf(err error) (fault.Kind, string) {
	code := codeOf(err)
	if code == "54000" { // program_limit_exceeded: a key that is too long for an index
		return fault.Invalid, sqlstore.TooLong
	}
	if len(code) == 5 && slices.Contains(refusals, code[:2]) {
		return fault.Internal, sqlstore.Damaged
	}
	return fault.Unavailable, sqlstore.Unavailable
}

// refusals are the classes of errors that trying again does not make go away: cardinality, features, data, constraints, functions,
// schemas, statements and rights, what a trigger raises, and damage.
var refusals = []string{"0A", "21", "22", "23", "2F", "3F", "42", "P0", "XX"}

// advice for the operator, by SQLSTATE.
var advice = map[string]string{
	"28P01": "the password is wrong, or the user is not known there",
	"28000": "the server does not let this user in from here; see pg_hba.conf",
	"3D000": "there is no such database; create it",
	"3F000": "there is no schema to make tables in; create it, or set search_path",
	"42501": "the user lacks rights; Doorward must be able to create tables in the schema, or somebody else must bring it up to date",
	"25006": "the server can only be read; name the one that takes changes",
	"53300": "the server has no connection left; give it more, or a smaller pool_max_conns to the gateways",
	"57P03": "the server is starting up or shutting down; try again",
	"0A000": "the database lacks what Doorward needs",
	"42883": "the database lacks a function that Doorward needs",
}

// openError says what is wrong in one line and what to do about it. It names the server, the user and the database, which are no
// secrets, and of the error itself only what the server said: pgx's texts of what could not be read may repeat what it was given.
func openError(config *pgx.ConnConfig, err error) error {
	where := fmt.Sprintf("postgres: %s@%s:%d/%s", config.User, config.Host, config.Port, config.Database)
	if newer, ok := errors.AsType[*migrations.NewerError](err); ok {
		return fmt.Errorf("%s: was made by a newer Doorward; run that version, or restore the backup made before the upgrade: %w", where, newer)
	}
	if errors.Is(err, errForeign) {
		return fmt.Errorf("%s: %w", where, errForeign)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		said := fmt.Errorf("%s (SQLSTATE %s)", oneLine(e.Message), e.Code)
		if a, known := advice[e.Code]; known {
			return fmt.Errorf("%s: %s: %w", where, a, said)
		}
		return fmt.Errorf("%s: %w", where, said)
	}
	if ended := endOf(err); ended != nil {
		return fmt.Errorf("%s: the server did not answer in time: %w", where, ended)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return fmt.Errorf("%s: %s", where, unreachable(err))
	}
	return fmt.Errorf("%s: %s", where, oneLine(err.Error()))
}

func endOf(err error) error {
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return end
		}
	}
	return nil
}

// unreachable says why there is no connection. A server that is a standby is one of several reasons that pgx has no type for.
func unreachable(err error) string {
	text := oneLine(err.Error())
	if strings.Contains(text, "read only connection") {
		return advice["25006"]
	}
	return "the server cannot be reached; see that it runs, and that host and port are right: " + text
}

// oneLine is text without what would break a line of a log.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
