// Package auditapi is the REST API of the audit trail: who changed what, and who tried to.
//
// A caller reads the events of its own environment, and those that belong to none because they were made on the command
// line or by Doorward itself. Events of other environments do not exist for it.
package auditapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/store/query"
)

// Store is what the operations read; a store.Store is one.
type Store interface {
	// AuditEvents returns a page of the trail.
	AuditEvents(ctx context.Context, q query.Audit) ([]audit.Event, error)
	// CountAuditEvents is the number of events that q selects, whatever its After and Limit.
	CountAuditEvents(ctx context.Context, q query.Audit) (int, error)
	// AuditEvent returns one event. query.ErrNotFound when there is none.
	AuditEvent(ctx context.Context, id int64) (audit.Event, error)
}

// Config is what the operations work with.
type Config struct {
	Store Store            // required
	Now   func() time.Time // default time.Now
	Chain *Chain           // nil: how the chain stands is not served
}

// Operations are all of the API. Their paths are rows of the endpoint table, which says what each asks for. Reading the
// trail leaves no trace in it.
func Operations(c Config) []rest.Operation {
	if c.Now == nil {
		c.Now = time.Now
	}
	served := []rest.Operation{
		{Method: http.MethodGet, Path: "/api/v2/auditlogs", Serve: c.list},
		{Method: http.MethodGet, Path: "/api/v2/auditlogs/{id}", Serve: c.show},
	}
	if c.Chain != nil {
		served = append(served, rest.Operation{Method: http.MethodGet, Path: "/api/doorward/v1/audit/chain", Serve: c.Chain.show})
	}
	return served
}

// page is the answer to a listing. The key of the next page is null on the last one.
type page struct {
	TotalCount  int     `json:"totalCount"`
	PageSize    int     `json:"pageSize"`
	NextPageKey *string `json:"nextPageKey"`
	AuditLogs   []entry `json:"auditLogs"`
}

func (c Config) list(w http.ResponseWriter, call *rest.Call) error {
	environment, err := environmentOf(call)
	if err != nil {
		return err
	}
	l, err := readListing(call.Query(), c.Now().UTC().Truncate(time.Millisecond))
	if err != nil {
		return err
	}
	events, next, err := c.read(call.Context(), environment, &l)
	if err != nil {
		return storeFault(err)
	}
	answer := page{TotalCount: l.total, PageSize: l.pageSize, NextPageKey: next, AuditLogs: make([]entry, 0, len(events))}
	for _, e := range events {
		answer.AuditLogs = append(answer.AuditLogs, entryOf(e))
	}
	return rest.Write(w, http.StatusOK, answer)
}

// read is the page of a listing and the key of the next one, nil where this is the last. The events are counted for the
// first page only: later ones carry the number, so that a walk through the whole trail costs no more than its pages.
func (c Config) read(ctx context.Context, environment string, l *listing) ([]audit.Event, *string, error) {
	q, possible := l.query(environment)
	if !possible {
		return nil, nil, nil
	}
	events, err := c.Store.AuditEvents(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	if q.After == 0 {
		if l.total, err = c.Store.CountAuditEvents(ctx, q); err != nil {
			return nil, nil, err
		}
	}
	if len(events) < l.pageSize {
		return events, nil, nil
	}
	last := events[len(events)-1].ID
	q.After, q.Limit = last, 1
	beyond, err := c.Store.AuditEvents(ctx, q)
	if err != nil || len(beyond) == 0 {
		return events, nil, err
	}
	key, err := l.keyAfter(last)
	return events, &key, err
}

func (c Config) show(w http.ResponseWriter, call *rest.Call) error {
	environment, err := environmentOf(call)
	if err != nil {
		return err
	}
	text := call.Param("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != text {
		return &rest.Error{Status: http.StatusBadRequest, Message: "Constraints violated.", Violations: []rest.Violation{
			{Path: "id", Message: "Expected the number of a log entry.", ParameterLocation: rest.InPath, Location: "id"},
		}}
	}
	event, err := c.Store.AuditEvent(call.Context(), id)
	if err == nil && event.Environment != "" && event.Environment != environment {
		err = query.ErrNotFound // in the same words as an entry that is not there: the number must tell nothing
	}
	if err != nil {
		return storeFault(err)
	}
	return rest.Write(w, http.StatusOK, entryOf(event))
}

// environmentOf is the environment whose events the caller may read. In a query "" would mean all of them, so a call that
// is for none is refused.
func environmentOf(call *rest.Call) (string, error) {
	if call.Caller.Environment == "" {
		return "", fault.New(fault.Forbidden, "The audit log is read in an environment.", nil)
	}
	return call.Caller.Environment, nil
}

// storeFault gives an error of the store a kind and a sentence for the public.
func storeFault(err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	if _, ok := errors.AsType[*rest.Error](err); ok {
		return err
	}
	if errors.Is(err, query.ErrNotFound) {
		return fault.New(fault.NotFound, "There is no such log entry.", err)
	}
	return fault.New(fault.Unavailable, "The audit log could not be read.", err)
}
