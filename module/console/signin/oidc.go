package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/doorward/doorward/internal/throttle"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// Messages about issuers.
const (
	messageDeclined = "The issuer did not sign you in. Try again, or ask whoever runs it."
	messageStale    = "This sign-in was not begun in this browser, or took too long. Begin again."
	messageIssuer   = "The issuer does not answer at the moment. Try again soon."
	messageNoRight  = "The issuer knows you, but this gateway does not take what it says of you. Its administrator has to trust the issuer and the audience of its tokens."
)

// leadToIssuer begins a sign-in: the browser goes to the issuer, with a cookie of what it has to bring back. A page of another site
// cannot begin one.
func (d *Desk) leadToIssuer(w http.ResponseWriter, r *http.Request) {
	back := pathBack(r.URL.Query().Get("back"))
	n, err := strconv.Atoi(r.PathValue("issuer"))
	if err != nil || n < 0 || n >= len(d.issuers) {
		http.NotFound(w, r)
		return
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" || !d.isSecure(r) {
		d.signInPage(w, r, http.StatusForbidden, back, messageForm)
		return
	}
	p, confirms := d.issuers[n], ""
	if r.URL.Query().Has("confirm") {
		s, _, err := d.Of(r)
		if err != nil || s == nil || s.Method != session.MethodOIDC || s.Issuer != p.URL {
			d.SignIn(w, r)
			return
		}
		confirms = s.ID
	}
	target, f, err := d.prepare(r, p, back, confirms)
	if err == nil {
		err = d.setFlow(w, f)
	}
	if err != nil {
		d.Log("an issuer cannot be used for signing in", fmt.Errorf("%s: %w", p.URL, err))
		d.signInPage(w, r, http.StatusServiceUnavailable, back, messageIssuer)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, target, http.StatusSeeOther) //nolint:gosec // at the configured issuer
}

// prepare makes a flow and the URL at the issuer that it begins at.
func (d *Desk) prepare(r *http.Request, p *provider, back, confirms string) (string, *flow, error) {
	leave, err := d.enter(r.Context())
	if err != nil {
		return "", nil, err
	}
	defer leave()
	known, style, err := p.discover(r.Context())
	if err != nil {
		return "", nil, err
	}
	f, err := d.newFlow(p, back, confirms)
	if err != nil {
		return "", nil, err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)}
	for name, value := range map[string]string{"resource": p.Resource, "audience": p.Audience} {
		if value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	if confirms != "" {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return p.oauth(known, style, d.redirect(r)).AuthCodeURL(f.State, options...), f, nil
}

// redirect is where issuers send browsers back to. It has to be among what is registered there.
func (d *Desk) redirect(r *http.Request) string { return d.BaseURL(r) + pathCallback }

// enter bounds how many questions to issuers are under way.
func (d *Desk) enter(ctx context.Context) (leave func(), err error) {
	select {
	case d.asking <- struct{}{}:
		return func() { <-d.asking }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// callback is where the issuer sends the browser. It came from another site, so the cookie of a session is not with it: this page
// goes on to one where it is. Nothing has happened then.
func (d *Desk) callback(w http.ResponseWriter, r *http.Request) {
	if _, err := d.flowOf(r); err != nil {
		d.notSignedIn(w, r, "/", err)
		return
	}
	given, query := r.URL.Query(), url.Values{}
	for _, name := range []string{"state", "code", "iss", "error"} {
		if given.Has(name) {
			query.Set(name, given.Get(name))
		}
	}
	d.goOn(w, r, "Signing in", pathComplete+"?"+query.Encode())
}

// complete ends a sign-in with what the issuer has sent.
func (d *Desk) complete(w http.ResponseWriter, r *http.Request) {
	f, err := d.flowOf(r)
	if err != nil {
		d.notSignedIn(w, r, "/", err)
		return
	}
	clearCookie(w, flowCookie)
	if wait := d.mayTry(r); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(throttle.Seconds(wait)))
		d.notSignedIn(w, r, f.Back, errSlow)
		return
	}
	if err := d.conclude(w, r, f); err != nil {
		d.notSignedIn(w, r, f.Back, err)
		return
	}
	lead(w, r, f.Back, nil)
}

// conclude signs somebody in, or confirms a session.
func (d *Desk) conclude(w http.ResponseWriter, r *http.Request, f *flow) error {
	p := d.issuerOf(f.Issuer)
	switch {
	case p == nil:
		return errNoFlow
	case r.URL.Query().Get("code") == "" || r.URL.Query().Has("error"):
		return errDeclined
	case !d.spent.spend(f.State):
		return errReplayed
	}
	person, err := d.redeem(r, p, f)
	if err != nil {
		return err
	}
	if f.Session == "" {
		return d.begin(w, r, *person)
	}
	k := d.visitor(r)
	switch {
	case k.err != nil:
		return k.err
	case k.found == nil || k.found.Session.ID != f.Session:
		return errState
	}
	cookie, _, err := d.Keeper.Confirm(r.Context(), k.cookie, *person)
	if err == nil {
		setSession(w, cookie)
	}
	return err
}

func (d *Desk) issuerOf(url string) *provider {
	for _, p := range d.issuers {
		if p.URL == url {
			return p
		}
	}
	return nil
}

// redeem changes the code for tokens and finds out whom they stand for.
func (d *Desk) redeem(r *http.Request, p *provider, f *flow) (*session.Person, error) {
	leave, err := d.enter(r.Context())
	if err != nil {
		return nil, err
	}
	defer leave()
	known, style, err := p.discover(r.Context())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errIssuerAway, err)
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(r.Context(), p.client), askTimeout)
	defer cancel()
	given, err := p.oauth(known, style, d.redirect(r)).Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return nil, notGiven(err)
	}
	identity, _ := given.Extra("id_token").(string)
	if err := d.checkIdentity(ctx, p, known, f, identity, given.AccessToken); err != nil {
		return nil, err
	}
	credential, caller, err := d.take(r, given.AccessToken)
	if err != nil {
		return nil, err
	}
	person := d.person(r, caller, credential)
	person.Method, person.Issuer = session.MethodOIDC, p.URL
	return &person, nil
}

// notGiven tells a refusal of the issuer from one that could not answer. What it has written is not repeated: the code may be in it.
func notGiven(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if refused.Response != nil && refused.Response.StatusCode >= http.StatusInternalServerError {
			return fmt.Errorf("%w: it answers %d", errIssuerAway, refused.Response.StatusCode)
		}
		return errDeclined
	}
	return fmt.Errorf("%w: %w", errIssuerAway, err)
}

// checkIdentity holds the ID token to what was asked for (OpenID Connect Core 1.0, section 3.1.3.7), and for a confirmation to the
// time at which the person was asked.
func (d *Desk) checkIdentity(ctx context.Context, p *provider, known *oidc.Provider, f *flow, identity, access string) error {
	verifier := known.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID, Now: d.Now})
	token, err := verifier.Verify(ctx, identity)
	if err != nil {
		return fmt.Errorf("%w: %w", errDeclined, err)
	}
	if !isSame(token.Nonce, f.Nonce) {
		return errNonce
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(access); err != nil {
			return fmt.Errorf("%w: %w", errDeclined, err)
		}
	}
	if f.Session == "" {
		return nil
	}
	var says struct {
		Asked int64 `json:"auth_time"`
	}
	// A minute for a clock that is behind. An issuer that keeps to max_age has to say when it was.
	if err := token.Claims(&says); err != nil || time.Unix(says.Asked, 0).Before(f.Begun.Add(-time.Minute)) {
		return errNotRecent
	}
	return nil
}

// take asks the gate for whom the access token stands. The ID token is never sent to it: it is for the console, and the gate refuses
// such tokens, as anybody should who is not their audience.
func (d *Desk) take(r *http.Request, access string) (session.Credential, *session.Caller, error) {
	credential := session.Credential{Scheme: tokens.Bearer.String(), Text: tokens.NewSecret(access)}
	if !jwt.Shaped(access) {
		return credential, nil, fmt.Errorf("%w: the access token is no JWT", errRefused)
	}
	caller, err := d.identify(r, credential)
	return credential, caller, err
}

// notSignedIn shows why a sign-in at an issuer came to nothing.
func (d *Desk) notSignedIn(w http.ResponseWriter, r *http.Request, back string, err error) {
	clearCookie(w, flowCookie)
	status, problem := http.StatusForbidden, messageStale
	switch {
	case errors.Is(err, errNoFlow), errors.Is(err, errState), errors.Is(err, errOtherIss), errors.Is(err, errReplayed):
		d.failed(r, "The answer of an issuer was refused: it was not for a sign-in of this browser.")
	case errors.Is(err, errDeclined), errors.Is(err, errNonce), errors.Is(err, errNotRecent):
		problem = messageDeclined
		d.failed(r, "A sign-in at an issuer was refused.")
		d.Log("a sign-in at an issuer was refused", err)
	case errors.Is(err, errRefused):
		problem = messageNoRight
		d.Log("the gate does not take the access token of an issuer", err)
		d.failed(r, "A sign-in at an issuer was refused: the gate does not take its tokens.")
	default:
		status, problem = d.refusal(err)
	}
	d.signInPage(w, r, status, back, problem)
}
