package consoletest

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/console/signin"
	"github.com/doorward/doorward/tokens"
)

// formToken is what the forms of these sessions send along.
const formToken = "the token of this session's forms"

// Door stands for signing in: whoever Admit named last is there. It keeps to the contract of signin.Gate.
type Door struct {
	mu        sync.Mutex
	session   *session.Session
	text      tokens.Secret
	err       error
	confirmed bool
	origin    http.CrossOriginProtection
}

var _ signin.Gate = (*Door)(nil)

func newDoor() *Door { return &Door{confirmed: true} }

// Admit signs somebody in with a token, or, with an empty text, whoever is there out.
func (d *Door) Admit(subject, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.session, d.text, d.err = nil, tokens.NewSecret(text), nil
	if text != "" {
		now := time.Now().UTC()
		d.session = &session.Session{ID: "1", Subject: subject, Method: session.MethodToken, Created: now, LastUsed: now, Expires: now.Add(time.Hour)}
	}
}

// Break has the store of the sessions away.
func (d *Door) Break() { d.set(func() { d.err = errors.New("the store is away, at 10.1.2.3") }) }

// SetConfirmed says whether the person has just said again who they are. To begin with they have.
func (d *Door) SetConfirmed(confirmed bool) { d.set(func() { d.confirmed = confirmed }) }

func (d *Door) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// Of is the last one admitted.
func (d *Door) Of(*http.Request) (*session.Session, *session.Credential, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session == nil || d.err != nil {
		return nil, nil, d.err
	}
	return d.session, &session.Credential{Scheme: "Api-Token", Text: d.text}, nil
}

// Keep has nothing to keep.
func (d *Door) Keep(next http.Handler) http.Handler { return next }

// FormToken is the same for everybody here.
func (d *Door) FormToken(*http.Request) string { return formToken }

// CheckWrite wants the form token and the console's own origin.
func (d *Door) CheckWrite(r *http.Request) error {
	if err := d.origin.Check(r); err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	if r.PostForm.Get(signin.FormField) != formToken && r.Header.Get(signin.FormHeader) != formToken { //nolint:gosec // the console bounds the body
		return errors.New("the form has no form token")
	}
	return nil
}

// Confirmed is what SetConfirmed said.
func (d *Door) Confirmed(*http.Request) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.confirmed
}

// Refused ends the session.
func (d *Door) Refused(w http.ResponseWriter, r *http.Request) {
	d.Admit("", "")
	d.SignIn(w, r)
}

// SignIn leads to the page for it.
func (d *Door) SignIn(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, signin.PathSignIn, http.StatusSeeOther)
}

// Confirm leads to the page for it.
func (d *Door) Confirm(w http.ResponseWriter, r *http.Request, back string) {
	http.Redirect(w, r, signin.PathConfirm+"?back="+back, http.StatusSeeOther)
}

// Handler has no pages of its own.
func (d *Door) Handler() http.Handler { return http.NotFoundHandler() }
