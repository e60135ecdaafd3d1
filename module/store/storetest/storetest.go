// Package storetest is the contract of store.Store as tests. Every engine runs all of them, so that what holds for one
// holds for each.
package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/query"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
)

// Open opens a store and closes it when the test ends. A failure to open ends the test.
type Open func(t *testing.T) store.Store

// contractTest is one part of the contract.
type contractTest struct {
	name string
	test func(*testing.T, Open)
}

// Run holds an engine to the contract. Every call of open gives a new, empty store.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	RunAdministered(t, open)
	run(t, open, []contractTest{
		{"CreateAndGet", testCreateAndGet},
		{"CreateExists", testCreateExists},
		{"CreateLimited", testCreateLimited},
		{"Legacy", testLegacy},
		{"Update", testUpdate},
		{"UpdateRefused", testUpdateRefused},
		{"UpdateTells", testUpdateTells},
		{"Delete", testDelete},
		{"RecordUses", testRecordUses},
		{"ScopeUses", testScopeUses},
		{"ScopeUsesBounded", testScopeUsesBounded},
		{"TenantToken", testTenantToken},
		{"TenantTokenRefused", testTenantTokenRefused},
		{"Settings", testSettings},
		{"OAuth2", testOAuth2},
		{"OAuth2Traces", testOAuth2Traces},
		{"RevocationPrecision", testRevocationPrecision},
		{"Remote", testRemote},
		{"RemoteTraces", testRemoteTraces},
		{"Outbox", testOutbox},
		{"Sessions", testSessions},
		{"SessionTimes", testSessionTimes},
		{"SessionRoom", testSessionRoom},
		{"SessionRenewal", testSessionRenewal},
		{"SessionPages", testSessionPages},
		{"SessionTraces", testSessionTraces},
		{"Hostile", testHostile},
		{"Paging", testPaging},
		{"PagingWhileChanging", testPagingWhileChanging},
		{"Selection", testSelection},
		{"PlacesOutside", testPlacesOutside},
		{"Orders", testOrders},
		{"Listings", testListings},
		{"ListingsOfMany", testListingsOfMany},
		{"Limits", testLimits},
		{"ChangeIsOne", testChangeIsOne},
		{"ChangesAfter", testChangesAfter},
		{"AuditEvents", testAuditEvents},
		{"AuditEventWhole", testAuditEventWhole},
		{"Attempt", testAttempt},
		{"Origin", testOrigin},
		{"Record", testRecord},
		{"Conclude", testConclude},
		{"Chain", testChain},
		{"RefusedChange", testRefusedChange},
		{"Cancelled", testCancelled},
		{"Closed", testClosed},
		{"Concurrent", testConcurrent},
		{"Model", testModel},
	})
}

// RunAdministered is the part of Run about policies, boundaries, groups, users and bindings, for a store of nothing else.
func RunAdministered(t *testing.T, open func(t *testing.T) store.Store) { run(t, open, administered) }

func run(t *testing.T, open Open, tests []contractTest) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open) })
	}
}

// epoch is the time at which all test records begin; milliseconds are the precision of the contract.
var epoch = time.Date(2026, 11, 22, 10, 0, 0, int(345*time.Millisecond), time.UTC)

// record is token number n, created n seconds after epoch, with every field set.
func record(n int) tokens.Record {
	at := epoch.Add(time.Duration(n) * time.Second)
	return tokens.Record{
		ID:            fmt.Sprintf("dt0c01.%024d", n),
		Digest:        tokens.DigestOf(fmt.Sprint("secret ", n)),
		Name:          fmt.Sprint("token ", n),
		Owner:         fmt.Sprintf("owner-%d@example.org", n%3),
		Environment:   "abc12345",
		Cluster:       n%2 == 0,
		Personal:      n%2 == 1,
		Administrator: n%2 == 0,
		Staff:         n%2 == 1,
		Enabled:       true,
		Environments:  []string{"abc12346", "abc12347"},
		Scopes:        []string{"logs.read", "metrics.read"},
		Networks:      []string{"192.0.2.0/24", "2001:db8::/32"},
		Created:       at,
		Modified:      at.Add(time.Minute),
		Expires:       at.Add(time.Hour),
		LastUsed:      at.Add(time.Millisecond),
		LastUsedIP:    "2001:db8::1",
	}
}

// gateToken is ActiveGate token number n.
func gateToken(n int) tokens.Record {
	r := record(n)
	r.ID, r.Scopes, r.ActiveGate, r.Seed = fmt.Sprintf("dt0g02.%08d", n), nil, "ENVIRONMENT", true
	return r
}

// event is what a caller hands over with a change.
func event(action, object string) audit.Event {
	return audit.Event{Time: epoch, Actor: "cli:tester", Action: action, Object: object, Detail: `{"test":true}`}
}

// told is an event for a change that may add to it.
func told(action, object string) *audit.Event {
	e := event(action, object)
	return &e
}

func mustCreate(t *testing.T, s store.Store, records ...tokens.Record) {
	t.Helper()
	for _, r := range records {
		if err := s.CreateToken(t.Context(), r, event("token.create", r.ID)); err != nil {
			t.Fatalf("CreateToken(%s): %v", r.ID, err)
		}
	}
}

func wantToken(t *testing.T, s store.Store, want tokens.Record) {
	t.Helper()
	got, err := s.Token(t.Context(), want.ID)
	if err != nil {
		t.Fatalf("Token(%s): %v", want.ID, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Token(%s) (-want +got):\n%s", want.ID, diff)
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

// wantFault checks that a failure is not mistaken for an answer.
func wantFault(t *testing.T, what string, err error) {
	t.Helper()
	answers := []error{tokens.ErrNotFound, tokens.ErrExists, tokens.ErrFull, query.ErrNotFound, pap.ErrNotFound, pap.ErrExists, pap.ErrInUse, pap.ErrFull,
		oauth2.ErrNotFound, oauth2.ErrExists, oauth2.ErrFull, oauth2.ErrConflict, audit.ErrNotFound, audit.ErrConcluded, remote.ErrNotFound, remote.ErrExists,
		session.ErrNotFound, session.ErrExists, session.ErrFull}
	if err == nil || slices.ContainsFunc(answers, func(answer error) bool { return errors.Is(err, answer) }) {
		t.Errorf("%s: got %v, want a fault", what, err)
	}
}

func ids(records []tokens.Record) []string {
	return slices.Collect(func(yield func(string) bool) {
		for _, r := range records {
			if !yield(r.ID) {
				return
			}
		}
	})
}
