package sqlite_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store/sqlite"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
)

// remoteChanges are the changes that TestHalfARemoteChangeIsNone breaks, and the tables that each writes to.
var remoteChanges = map[string]struct {
	writes []string
	do     func(t *testing.T, s *sqlite.Store, r remote.Request) error
}{
	"create": {[]string{"INSERT ON remote_requests", "INSERT ON deliveries"}, func(t *testing.T, s *sqlite.Store, _ remote.Request) error {
		return ask(t.Context(), s, askedNumber(2))
	}},
	"update": {[]string{"UPDATE ON remote_requests", "INSERT ON deliveries", "UPDATE ON deliveries"}, func(t *testing.T, s *sqlite.Store, r remote.Request) error {
		return decide(t.Context(), s, r)
	}},
	"update open": {[]string{"UPDATE ON remote_requests", "INSERT ON deliveries"}, func(t *testing.T, s *sqlite.Store, _ remote.Request) error {
		return s.UpdateOpenRemoteRequests(t.Context(), expire)
	}},
	"setting": {[]string{"INSERT ON remote_setting", "UPDATE ON remote_requests", "INSERT ON deliveries"}, func(t *testing.T, s *sqlite.Store, _ remote.Request) error {
		e := telling("remote_access_setting.update", remote.Request{}, notify.Expired)
		return s.UpdateRemoteSetting(t.Context(), e, func(record *remote.SettingRecord) error {
			*record = remote.SettingRecord{Setting: remote.All, Changed: epoch}
			return nil
		}, expire)
	}},
}

func expire(r *remote.Request) (*remote.Entry, error) {
	r.State = remote.Expired
	return telling("remote_access_request.update", *r, notify.Expired), nil
}

// The accident: a grant is revoked, but the news of it does not get to the disk, so that other gateways let it in and nobody is
// told; or people are told of what has not happened. The invariant: whatever part of a change fails, everything is as it was.
func TestHalfARemoteChangeIsNone(t *testing.T) {
	for what, change := range remoteChanges {
		t.Run(what, func(t *testing.T) {
			path := newPath(t)
			s := openAt(t, path, sqlite.Options{KeepChanges: 1})
			r := askedNumber(1)
			mustDo(t, ask(t.Context(), s, r))
			db := raw(t, path)
			all := []string{"UPDATE ON store_state", "INSERT ON audit_events", "INSERT ON changes", "DELETE ON changes"}
			for _, part := range slices.Concat(change.writes, all) {
				mustExec(t, db, "CREATE TRIGGER broken BEFORE "+part+" BEGIN SELECT RAISE(ABORT, 'broken'); END")
				if err := change.do(t, s, r); err == nil || !strings.Contains(err.Error(), "broken") {
					t.Errorf("%s: %v", part, err)
				}
				mustExec(t, db, "DROP TRIGGER broken")
				got, err := s.RemoteAccess(t.Context())
				if diff := cmp.Diff(remote.Current{Open: []remote.Request{r}}, got); err != nil || diff != "" {
					t.Errorf("%s: %v (-want +got):\n%s", part, err, diff)
				}
				if revision, err := s.Revision(t.Context()); err != nil || revision != 1 {
					t.Errorf("%s: revision %d, %v", part, revision, err)
				}
				var waiting string
				mustDo(t, db.QueryRowContext(t.Context(), `SELECT group_concat(event) FROM deliveries WHERE finished IS NULL`).Scan(&waiting))
				if waiting != string(notify.Created) {
					t.Errorf("%s: waiting are %s", part, waiting)
				}
			}
			mustDo(t, change.do(t, s, r)) // and the store goes on
		})
	}
}

// filled is a value with something in every field of it, so that no field that is added one day is forgotten here.
func filled[T any](t *testing.T) (v T) {
	t.Helper()
	fill(t, reflect.ValueOf(&v).Elem(), 1)
	return v
}

func fill(t *testing.T, v reflect.Value, n int) {
	t.Helper()
	for i := range v.NumField() {
		n++
		switch f := v.Field(i); {
		case f.Type() == reflect.TypeFor[time.Time]():
			f.Set(reflect.ValueOf(epoch.Add(time.Duration(n) * time.Hour)))
		case f.Kind() == reflect.Struct:
			fill(t, f, 100*n)
		case f.Kind() == reflect.String:
			f.SetString(fmt.Sprintf("text %d \x00 \xff \u2028 '\"", n)) // strangers write into some of them
		case f.Kind() == reflect.Slice:
			f.Set(reflect.ValueOf([]string{fmt.Sprint("item ", n), "'\""}))
		case f.CanInt():
			f.SetInt(int64(n))
		case f.CanUint():
			f.SetUint(uint64(remote.Viewer))
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		default:
			t.Fatalf("field %d of %v is of a kind that this test does not know", i, v.Type())
		}
	}
}

// The accident: a field is added to a request or a notice, and the store drops it without a word. The invariant: what is kept
// comes back whole, whatever bytes strangers have written.
func TestRemoteRecordsAreKeptWhole(t *testing.T) {
	s := openAt(t, newPath(t), sqlite.Options{})
	r, d := filled[remote.Request](t), filled[notify.Delivery](t)
	r.State = remote.Accepted
	e := telling("remote_access_request.create", r, notify.Created)
	e.Batch.Deliveries = []notify.Delivery{d}
	mustDo(t, s.CreateRemoteRequest(t.Context(), r, e, func(remote.Current) error { return nil }))
	got, err := s.RemoteRequest(t.Context(), r.ID)
	if diff := cmp.Diff(r, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	until := d.Next.Add(time.Minute)
	due, err := s.Outbox().Due(t.Context(), d.Next, until, 10)
	d.Next, d.Attempts = until, d.Attempts+1
	if diff := cmp.Diff([]notify.Delivery{d}, due); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// The attack: somebody who can write to the file, or an older program, leaves a word that this one does not know. The
// invariant: it is a fault, which lets nobody in, and never a setting, a role or a state by accident.
func TestDamagedRemoteAccess(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	r := askedNumber(1)
	mustDo(t, ask(t.Context(), s, r))
	db := raw(t, path)
	mustExec(t, db, "PRAGMA ignore_check_constraints = ON")
	mustExec(t, db, "INSERT INTO remote_setting VALUES (1, 'all', 1, '', '{}')")
	for _, damage := range [][2]string{
		{"UPDATE remote_setting SET setting = 'ALL'", "UPDATE remote_setting SET setting = 'all'"},
		{"UPDATE remote_setting SET others = '[]'", "UPDATE remote_setting SET others = '{}'"},
		{"UPDATE remote_requests SET role = 'devops-root'", "UPDATE remote_requests SET role = 'devops-user'"},
		{"UPDATE remote_requests SET asked_role = 'Role(3)'", "UPDATE remote_requests SET asked_role = ''"},
		{"UPDATE remote_requests SET approvals = '{}'", "UPDATE remote_requests SET approvals = '[]'"},
	} {
		mustExec(t, db, damage[0])
		if c, err := s.RemoteAccess(t.Context()); err == nil || cmp.Diff(remote.Current{}, c) != "" {
			t.Errorf("%s: got %+v, %v, want a fault", damage[0], c, err)
		}
		mustExec(t, db, damage[1])
	}
	mustExec(t, db, "UPDATE remote_requests SET state = 'accepted'")
	if got, err := s.RemoteRequest(t.Context(), r.ID); err == nil || cmp.Diff(remote.Request{}, got) != "" {
		t.Errorf("got %+v, %v, want a fault", got, err)
	}
}

// What nobody has heard of is not written in the first place.
func TestUnknownWordsAreRefused(t *testing.T) {
	s := openAt(t, newPath(t), sqlite.Options{})
	for name, spoil := range map[string]func(*remote.Request){
		"state":      func(r *remote.Request) { r.State = "OPEN" },
		"role":       func(r *remote.Request) { r.Role = remote.Admin + 1 },
		"asked role": func(r *remote.Request) { r.AskedRole = remote.Admin + 1 },
	} {
		r := askedNumber(1)
		spoil(&r)
		if err := ask(t.Context(), s, r); err == nil || fault.KindOf(err) != fault.Internal {
			t.Errorf("%s: %v, want a fault", name, err)
		}
	}
	e := telling("remote_access_setting.update", remote.Request{}, notify.Revoked)
	err := s.UpdateRemoteSetting(t.Context(), e, func(record *remote.SettingRecord) error {
		record.Setting = remote.ApprovedReadOnly + 1
		return nil
	}, expire)
	if err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("setting: %v, want a fault", err)
	}
}

// What there is to forget can be more than one transaction's worth. What is open or waits stays, and nothing is said of it.
func TestForgettingMany(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	db := raw(t, path)
	const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1300) `
	mustExec(t, db, `INSERT INTO remote_requests `+numbers+`SELECT 'id-' || i, 'u', 'r', '', ?1, '', '', 0, '', 0,
		iif(i % 13 = 0, 'ACCEPTED', 'EXPIRED'), ?1 + i, '', '[]', NULL, ?1, 0, NULL, NULL, '', '' FROM n`, epoch.UnixMilli())
	mustExec(t, db, `INSERT INTO deliveries (id, channel, target, first_at, next_at, attempts, finished, event, time, request_id, user_id, role,
		days, reason, ticket, state, actor, environment) `+numbers+`SELECT 'id-' || i, '', '', ?1, ?1, 0, iif(i % 13 = 0, NULL, ?1 + i), '', ?1, '',
		'', '', 0, '', '', '', '', '' FROM n`, epoch.UnixMilli())
	for _, step := range []struct {
		at   time.Duration // since epoch
		want int
	}{{0, 0}, {time.Millisecond, 0}, {time.Millisecond + 1, 1}, {14 * time.Millisecond, 11}, {time.Hour, 1188}, {time.Hour, 0}} {
		if n, err := s.ForgetRemoteRequests(t.Context(), epoch.Add(step.at)); err != nil || n != step.want {
			t.Errorf("%v: %d requests are forgotten, %v, want %d", step.at, n, err, step.want)
		}
		if n, err := s.Outbox().Forget(t.Context(), epoch.Add(step.at)); err != nil || n != step.want {
			t.Errorf("%v: %d deliveries are forgotten, %v, want %d", step.at, n, err, step.want)
		}
	}
	if revision, err := s.Revision(t.Context()); err != nil || revision != 0 {
		t.Errorf("revision %d, %v", revision, err)
	}
}

// Asking for what is due every few seconds must not wait for whoever writes, as long as there is nothing.
func TestNothingDueTakesNoLock(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{BusyTimeout: time.Millisecond})
	mustDo(t, s.Outbox().Add(t.Context(), telling("x", askedNumber(1), notify.Created).Batch))
	db := raw(t, path)
	mustExec(t, db, "BEGIN IMMEDIATE")
	if due, err := s.Outbox().Due(t.Context(), epoch.Add(-1), epoch, 10); err != nil || len(due) != 0 {
		t.Errorf("%d deliveries, %v", len(due), err)
	}
	if _, err := s.Outbox().Due(t.Context(), epoch, epoch, 10); fault.KindOf(err) != fault.Unavailable || err == nil {
		t.Errorf("got %v, want a fault of kind Unavailable", err)
	}
	mustExec(t, db, "ROLLBACK")
}
