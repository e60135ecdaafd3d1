package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/throttle"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// pathCaller is where the API says whose a credential is.
const pathCaller = "/api/doorward/v1/caller"

// Why somebody is not signed in.
var (
	errRefused = errors.New("signin: the gate does not take the credential")
	errSlow    = errors.New("signin: too many failures")
)

// credentialOf is a pasted token as the gate wants it: a JWT goes under another scheme than everything else.
func credentialOf(text string) session.Credential {
	scheme := tokens.APIToken
	if jwt.Shaped(text) {
		scheme = tokens.Bearer
	}
	return session.Credential{Scheme: scheme.String(), Text: tokens.NewSecret(text)}
}

// identify asks the gate whose a credential is. errRefused and errSlow are its answers; every other error is a fault.
func (d *Desk) identify(r *http.Request, c session.Credential) (*session.Caller, error) {
	status, answer, err := d.Call(r, c, http.MethodGet, pathCaller)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusTooManyRequests:
		return nil, errSlow
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
		return nil, errRefused
	case status != http.StatusOK:
		return nil, fmt.Errorf("the API answers %d", status)
	}
	var caller session.Caller
	if err := json.Unmarshal(answer, &caller); err != nil {
		return nil, fmt.Errorf("the API's answer: %w", err)
	}
	if caller.Subject == "" || caller.TokenID == "" && caller.User == "" {
		return nil, errors.New("the API does not say who the caller is")
	}
	return &caller, nil
}

// person is a caller who is about to sign in.
func (d *Desk) person(r *http.Request, caller *session.Caller, c session.Credential) session.Person {
	p := session.Person{
		Subject: caller.Subject, Environment: caller.Environment, Actor: caller.Actor, Method: session.MethodToken,
		Address: d.Address(r), UserAgent: r.UserAgent(), Credential: c,
	}
	if caller.Expires != nil {
		p.Expires = *caller.Expires
	}
	return p
}

// mayTry is how long an address has to wait before it may try again.
func (d *Desk) mayTry(r *http.Request) time.Duration {
	return d.failures.Wait(throttle.AddressOf(d.Address(r)), d.Now())
}

// failed counts a sign-in that was refused, and records some of them.
func (d *Desk) failed(r *http.Request, message string) {
	now := d.Now()
	d.failures.Spend(throttle.AddressOf(d.Address(r)), now)
	if d.attempts.Take(throttle.Unknown, now) > 0 {
		return
	}
	ctx, cancel := detached(r)
	defer cancel()
	e := audit.Event{
		Time: now.UTC().Truncate(time.Millisecond), Actor: "anonymous", Origin: d.Address(r), Action: "session.login", Failed: true,
		Message: message,
	}
	if err := d.Trail.RecordAttempt(ctx, e); err != nil {
		d.Log("a refused sign-in could not be recorded", err)
	}
}

// begin signs a person in, and ends the session that the browser had before. The cookie of the answer is a new one.
func (d *Desk) begin(w http.ResponseWriter, r *http.Request, p session.Person) error {
	cookie, _, err := d.Keeper.Begin(r.Context(), p)
	if err != nil {
		return err
	}
	if k := d.visitor(r); k.found != nil {
		ctx, cancel := detached(r)
		defer cancel()
		if err := d.Keeper.End(ctx, k.found, "Ended: the browser has signed in again."); err != nil {
			d.Log("a session could not be ended", err)
		}
	}
	setSession(w, cookie)
	return nil
}
