package module

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
)

var errRemoteUnknown = errors.New("it is not known who of the remote staff may get in")

// What staff do, in the words of the audit trail.
const (
	actionLogin  = "session.login"
	actionLogout = "session.logout"

	actionRemoteRead   = "remote_access.read"
	actionRemoteCreate = "remote_access.create"
	actionRemoteUpdate = "remote_access.update"
	actionRemoteDelete = "remote_access.delete"
)

var remoteActions = map[string]string{
	http.MethodGet: actionRemoteRead, http.MethodHead: actionRemoteRead, http.MethodOptions: actionRemoteRead,
	http.MethodPost: actionRemoteCreate, http.MethodDelete: actionRemoteDelete,
}

// visitDetail is what a record says of a request. Every text is bounded and holds no token.
type visitDetail struct {
	User     string `json:"user"`
	Role     string `json:"role"`
	Setting  string `json:"setting"`
	Session  string `json:"session,omitempty"`
	Client   string `json:"client,omitempty"`
	Method   string `json:"method,omitempty"`
	Path     string `json:"path,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	Query    string `json:"query,omitempty"`
	Missing  string `json:"missing,omitempty"` // permissions that the role in force does not have
}

// maxRecorded bounds each text of a record that the client chose, in bytes.
const maxRecorded = 1000

// recorded makes a text of the client fit for a record.
func recorded(text string) string {
	text = tokens.Mask(text)
	return strings.ToValidUTF8(text[:min(len(text), maxRecorded)], "")
}

func (d visitDetail) text() string {
	text, err := json.Marshal(d)
	if err != nil {
		return "" // texts cannot fail
	}
	return string(text)
}

// recordVisit puts a request into the audit trail before it is forwarded, with the session that it belongs to. An error means
// that it must not be forwarded.
func (x *exchange) recordVisit() error {
	v, desk := x.visit, x.h.gate.remote
	key := sessionKey{v.user, x.principal.TokenID, v.verdict.Grant}
	who := visitor{v.user, x.clientIP(), x.environment, v.verdict.Role, v.verdict.Setting}
	var err error
	if v.session, err = desk.sessions.enter(x.r.Context(), key, who, x.now); err != nil {
		return err
	}
	v.event, err = desk.store.Record(x.r.Context(), x.visitEvent())
	if err != nil {
		desk.sessions.leave(v.session, x.now)
		v.session = nil
	}
	return err
}

// visitEvent is the record of a request as it stands.
func (x *exchange) visitEvent() audit.Event {
	v := x.visit
	d := visitDetail{
		User: v.user, Role: v.verdict.Role.String(), Setting: v.verdict.Setting.String(), Client: x.clientIP(),
		Method: x.r.Method, Path: recorded(x.path.escaped), Query: recorded(x.h.withoutQueryTokens(x.r.URL.RawQuery)),
		Missing: v.verdict.Missing.String(),
	}
	if v.session != nil {
		d.Session = v.session.id
	}
	if x.endpoint != nil {
		d.Endpoint = x.endpoint.Pattern
	}
	return audit.Event{
		Time: x.now.UTC(), Environment: x.environment, Actor: v.user, Origin: x.clientIP(), Decision: x.id.String(),
		Action: cmp.Or(remoteActions[x.r.Method], actionRemoteUpdate), Object: cmp.Or(v.verdict.Grant, d.Session, v.user),
		Detail: d.text(),
	}
}

// recordRefusedVisit puts an attempt of staff into the audit trail that a stage refused. The refusal stands whether or not that
// can be done.
func (x *exchange) recordRefusedVisit() {
	if x.visit == nil || x.visit.event != 0 {
		return
	}
	if v := x.visit; len(v.calls) == 0 {
		// An earlier stage has refused, so what would have been in force was not asked yet.
		v.verdict = x.h.gate.remote.limit.Decide(remote.Call{User: v.user, Now: x.now})
	}
	e := x.visitEvent()
	e.Failed, e.Message = true, recorded(x.message())
	x.recordOrLog(e)
}

// recordFailedLogin is for a credential of staff that is not good enough. Such attempts are counted in all, and recorded a few
// a second.
func (x *exchange) recordFailedLogin(why tokens.Refusal) {
	desk := x.h.gate.remote
	if !desk.count.failedLogins.take(x.now) {
		return
	}
	d := visitDetail{User: recorded(x.principal.User), Client: x.clientIP(), Method: x.r.Method, Path: recorded(x.path.escaped)}
	x.recordOrLog(audit.Event{
		Time: x.now.UTC(), Environment: x.environment, Actor: recorded(x.actor()), Origin: x.clientIP(), Decision: x.id.String(),
		Action: actionLogin, Object: x.principal.TokenID, Failed: true, Message: "Login failed: " + string(why), Detail: d.text(),
	})
}

func (x *exchange) recordOrLog(e audit.Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.r.Context()), changeTimeout)
	defer cancel()
	if _, err := x.h.gate.remote.store.Record(ctx, e); err != nil {
		x.h.faults.Error("an attempt of remote staff could not be recorded", zap.Stringer("decision_id", x.id), zap.Error(err))
	}
}

// beginSession records that somebody begins to use remote access, and has administrators told.
func (d *remoteDesk) beginSession(ctx context.Context, one *session, now time.Time) error {
	if err := d.recordSession(ctx, one, actionLogin, now); err != nil {
		return err
	}
	d.logSession("a session of remote support staff begins", one)
	if one.visitor.role == remote.NoRole {
		return nil // asks for access, and has none yet
	}
	r := remote.Request{User: one.visitor.user, Role: one.visitor.role, State: remote.Accepted}
	if one.key.grant != "" {
		granted, err := d.store.RemoteRequest(ctx, one.key.grant)
		if err != nil {
			return err
		}
		r = granted
	}
	n := remote.Notice{Event: remote.EventSessionStarted, Time: now, Actor: one.visitor.user, After: r}
	notice := noticeOf(n)
	notice.Environment = one.visitor.environment
	if err := d.store.Outbox().Add(ctx, d.routes.Plan(notice)); err != nil {
		return err
	}
	d.mailer.Poke()
	return nil
}

func (d *remoteDesk) recordSession(ctx context.Context, one *session, action string, now time.Time) error {
	who := one.visitor
	detail := visitDetail{
		User: who.user, Role: who.role.String(), Setting: who.setting.String(), Session: one.id, Client: who.client,
	}
	_, err := d.store.Record(ctx, audit.Event{
		Time: now.UTC(), Environment: who.environment, Actor: who.user, Origin: who.client, Action: action,
		Object: cmp.Or(one.key.grant, one.id), Detail: detail.text(),
	})
	return err
}

// outcome is what becomes of a request while it is under way. The goroutine of the request writes it.
type outcome struct {
	status int
	bytes  int64
	body   *visitBody
	cut    string
}

// noteCut keeps why a response ended before its time.
func (v *visit) noteCut(st *stream) {
	if why := st.why.Load(); v != nil && why != nil {
		v.outcome.cut = *why
	}
}

// visitBody is the body of a request of staff, digested as it is read. The proxy may read on while the request is concluded.
type visitBody struct {
	io.ReadCloser
	stop func() // has a read return that waits for the client

	mu    sync.Mutex
	hash  hash.Hash
	whole bool
	over  bool // the server has its connection back
}

// Read digests what is read.
func (b *visitBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _ = b.hash.Write(p[:n]) // never fails, by its contract
	b.whole = b.whole || errors.Is(err, io.EOF)
	return n, err
}

// cut ends an upload. To cancel the request is not enough: while a read waits for a client that sends nothing, the server does
// not get it back.
func (b *visitBody) cut() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// Where nothing is left to be read, the server waits on the connection for the next request or for its end. A deadline would
	// be taken for the end, and every request that comes by that connection afterwards for one that nobody waits for.
	if !b.over && !b.whole {
		b.stop()
	}
}

// conclude gives the digest of the whole body, "" where not all of it was read. Nothing is cut after that.
func (b *visitBody) conclude() string {
	if b == nil {
		return ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over = true; !b.whole {
		return ""
	}
	return hex.EncodeToString(b.hash.Sum(nil))
}

// watchVisit has what becomes of a request of staff be known, and ends it when they are not let in any more.
func (x *exchange) watchVisit() {
	if x.visit == nil {
		return
	}
	var body *visitBody
	if x.r.Body != nil && x.r.Body != http.NoBody && x.r.ContentLength != 0 {
		controller := http.NewResponseController(x.ResponseWriter)
		body = &visitBody{ReadCloser: x.r.Body, hash: sha256.New(), stop: func() { _ = controller.SetReadDeadline(x.now) }}
		x.visit.outcome.body, x.r.Body = body, body
	}
	x.beginStream(func(cause error) {
		x.leash.pull(cause)
		body.cut()
	})
}

// conclude adds to the record of a request what became of it.
func (x *exchange) conclude() {
	v := x.visit
	if v == nil || v.event == 0 {
		return
	}
	desk, now := x.h.gate.remote, x.h.now()
	o := audit.Outcome{At: now.UTC(), Status: v.outcome.status, Bytes: v.outcome.bytes, BodyDigest: v.outcome.body.conclude(), Cut: v.outcome.cut}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.r.Context()), changeTimeout)
	defer cancel()
	if err := desk.store.Conclude(ctx, v.event, o); err != nil {
		x.h.faults.Error("the outcome of a request of remote staff could not be recorded", zap.Stringer("decision_id", x.id), zap.Error(err))
	}
	desk.sessions.leave(v.session, now)
}
