package remote_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/remote"
)

// answers is the table as it is published: rows are the state before, columns the state asked for, in the order PENDING,
// ACCEPTED, REJECTED, EXPIRED, and the entries status codes.
var answers = map[remote.State]string{
	remote.Pending:  "200 200 200 200",
	remote.Accepted: "200 200 200 200",
	remote.Rejected: "200 400 200 200",
	remote.Expired:  "409 409 409 409",
}

var states = []remote.State{remote.Pending, remote.Accepted, remote.Rejected, remote.Expired}

func answer(from, to remote.State) string {
	for i, code := range strings.Fields(answers[from]) {
		if states[i] == to {
			return code
		}
	}
	return ""
}

func codeOf(err error) string {
	if err == nil {
		return "200"
	}
	return map[fault.Kind]string{fault.Invalid: "400", fault.Forbidden: "403", fault.NotFound: "404", fault.Conflict: "409"}[fault.KindOf(err)]
}

// model is a request in few words: where it stands, and until when.
type model struct {
	id    string
	state remote.State
	until time.Time
	days  int
}

func (m *model) move(to remote.State, now time.Time) {
	if m.state == to {
		return
	}
	m.state = to
	switch to {
	case remote.Pending:
		m.until = now.Add(96 * time.Hour)
	case remote.Accepted:
		m.until = now.Add(time.Duration(m.days) * 24 * time.Hour)
	}
}

func (m *model) lapse(now time.Time) {
	if (m.state == remote.Pending || m.state == remote.Accepted) && !now.Before(m.until) {
		m.state = remote.Expired
	}
}

// history is what a random run does, on the service and on the model side by side.
type history struct {
	*office
	setting remote.Setting
	all     []*model
}

func (h *history) create(t *rapid.T) {
	a := remote.Ask{
		User: john, Reason: fmt.Sprint("no. ", len(h.all)), Role: rapid.SampledFrom(roles).Draw(t, "role"), Days: rapid.IntRange(1, 30).Draw(t, "days"),
	}
	how := rapid.SampledFrom([]string{"create", "grant"}).Draw(t, "how")
	f, state := h.Create, remote.Pending
	if how == "grant" {
		f, state = h.Grant, remote.Accepted
	}
	r, err := f(t.Context(), ann, a)
	switch open := h.open(); {
	case !h.setting.AsksForApproval():
		h.want(t, "403", err)
	case open >= remote.MaxOpenOfUser:
		h.want(t, "400", err)
	default:
		h.want(t, "200", err)
		m := &model{id: r.ID, state: "new", days: a.Days}
		m.move(state, h.now)
		h.all = append(h.all, m)
	}
}

func (h *history) open() (n int) {
	for _, m := range h.all {
		if m.state == remote.Pending || m.state == remote.Accepted {
			n++
		}
	}
	return n
}

func (h *history) want(t *rapid.T, code string, err error) {
	t.Helper()
	if codeOf(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func (h *history) change(t *rapid.T) {
	if len(h.all) == 0 {
		t.Skip()
	}
	m, to := rapid.SampledFrom(h.all).Draw(t, "request"), rapid.SampledFrom(states).Draw(t, "state")
	code := answer(m.state, to)
	if !h.setting.AsksForApproval() {
		code = "403"
	}
	_, err := h.SetState(t.Context(), bob, m.id, remote.Decision{State: to})
	if h.want(t, code, err); err == nil {
		m.move(to, h.now)
	}
}

func (h *history) set(t *rapid.T) {
	h.setting = rapid.SampledFrom(settings).Draw(t, "setting")
	must(h.SetSetting(t.Context(), ann, func(remote.Setting) remote.Setting { return h.setting }))
	if h.setting == remote.Off {
		h.end()
	}
}

func (h *history) end() {
	for _, m := range h.all {
		if m.state == remote.Accepted {
			m.state = remote.Expired
		}
	}
}

// pass lets time go by, often to the very end of something.
func (h *history) pass(t *rapid.T) {
	h.now = h.now.Add(time.Duration(rapid.Int64Range(0, int64(100*time.Hour/time.Millisecond)).Draw(t, "ms")) * time.Millisecond)
	if len(h.all) > 0 && rapid.Bool().Draw(t, "to an end") {
		if end := rapid.SampledFrom(h.all).Draw(t, "of").until; end.After(h.now) {
			h.now = end.Add(time.Duration(rapid.Int64Range(-1, 0).Draw(t, "short of")) * time.Millisecond)
		}
	}
	for _, m := range h.all {
		m.lapse(h.now)
	}
}

// check compares the service, its listing and the ceiling with the model.
func (h *history) check(t *rapid.T) {
	live := false
	for _, m := range h.all {
		live = live || m.state == remote.Accepted
	}
	if v := h.decide(remote.EnvRead); v.Allows() != (h.setting == remote.All || h.setting == remote.ReadOnly || h.setting.AsksForApproval() && live) {
		t.Fatalf("under %s, live %v: %+v", h.setting, live, v)
	}
	if !h.setting.AsksForApproval() {
		return
	}
	for _, state := range states {
		found := map[string]bool{}
		for _, r := range must(h.List(t.Context(), remote.Query{State: state})) {
			found[r.ID] = r.State == state
		}
		for _, m := range h.all {
			if found[m.id] != (m.state == state) {
				t.Fatalf("%s is %s: %v", m.id, m.state, found)
			}
			if r := must(h.Show(t.Context(), m.id)); r.State != m.state || m.state == remote.Accepted && !r.Expires.Equal(m.until) {
				t.Fatalf("%+v is not %+v", r, m)
			}
		}
	}
}

// TestHistories: whatever happens in whatever order, requests stand where the published table and the clock have them,
// and the ceiling lets in whoever has a live grant, and nobody else. Each change has one event.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{office: open(remote.Rules{}, remote.Approved), setting: remote.Approved}
		h.changedOnce()
		t.Repeat(map[string]func(*rapid.T){
			"create": h.create, "change": h.change, "set": h.set, "pass": h.pass, "": h.check,
			"sweep":      func(t *rapid.T) { must(h.Sweep(t.Context())) },
			"revoke all": func(t *rapid.T) { must(h.RevokeAll(t.Context(), bob)); h.end() },
		})
		if events, revision := h.store.Events(), must(h.store.Revision(t.Context())); int64(len(events)) != revision || len(h.changed) != len(events) {
			t.Fatalf("%d events, %d told, revision %d", len(events), len(h.changed), revision)
		}
	})
}

// changedOnce brings the empty store to the ceiling, as the start of a gateway does.
func (h *history) changedOnce() {
	h.limit.Replace(remote.NewSnapshot(remote.Current{}, remote.Approved, remote.Admin))
}

// FuzzAsk: whatever is asked for, what is stored is canonical, of one line and within its bounds, or nothing is.
func FuzzAsk(f *testing.F) {
	f.Add(john, "SUP-1", 7, uint8(3))
	f.Add(" A@B ", " r ", 1, uint8(1))
	f.Add("a\r\nBcc: b", "x\u2028y", 31, uint8(0))
	f.Add("\u0430nn", "\u202ereason TOPSECRET", -1, uint8(255))
	f.Fuzz(func(t *testing.T, user, reason string, days int, role uint8) {
		o := open(remote.Rules{}, remote.Approved)
		r, err := o.Create(t.Context(), ann, remote.Ask{User: user, Reason: reason, Days: days, Role: remote.Role(role)})
		if err != nil {
			if code := codeOf(err); code != "400" || len(o.store.Events()) != 0 || strings.Contains(err.Error(), "TOPSECRET") {
				t.Fatal(code, err)
			}
			return
		}
		if again, ok := remote.CanonicalUser(r.User); !ok || again != r.User || strings.ContainsAny(r.User+r.Reason, "\r\n\x00\u2028\u200b") {
			t.Fatalf("%q %q", r.User, r.Reason)
		}
		if strings.ContainsFunc(r.User, func(c rune) bool { return c > '~' }) || strings.TrimSpace(r.Reason) == "" || r.Days < 1 || r.Days > 30 ||
			r.Role.Permissions() == 0 || strings.Contains(r.Reason, "TOPSECRET") {
			t.Fatalf("%+v", r)
		}
	})
}
