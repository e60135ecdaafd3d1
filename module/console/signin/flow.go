package signin

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// flow is a sign-in at an issuer that is under way: what has to be the same when the browser comes back.
type flow struct {
	Issuer   string    `json:"issuer"`
	State    string    `json:"state"`    // RFC 6749, section 10.12
	Nonce    string    `json:"nonce"`    // OpenID Connect Core 1.0, section 3.1.2.1
	Verifier string    `json:"verifier"` // RFC 7636
	Back     string    `json:"back"`
	Session  string    `json:"session,omitempty"` // that is to be confirmed
	Begun    time.Time `json:"begun"`
}

const (
	flowTime    = 10 * time.Minute
	flowPurpose = "doorward console: sign-in at an issuer"
	// maxFlowBack bounds the path in a flow, in bytes: browsers keep cookies of 4 KiB.
	maxFlowBack = 700
	maxFlow     = 4000
)

// The flow is kept by the browser, sealed with a key that it does not have. So the gateway keeps nothing of sign-ins that nobody
// ends, and with a key that several gateways have in common it does not matter which of them the browser comes back to.

func (d *Desk) newFlow(p *provider, back, sessionID string) (*flow, error) {
	if len(back) > maxFlowBack {
		back = "/"
	}
	f := &flow{Issuer: p.URL, Back: back, Session: sessionID, Begun: d.Now().UTC()}
	for _, text := range []*string{&f.State, &f.Nonce, &f.Verifier} {
		var random [32]byte
		if _, err := io.ReadFull(d.Random, random[:]); err != nil {
			return nil, err
		}
		*text = base64.RawURLEncoding.EncodeToString(random[:])
	}
	return f, nil
}

// setFlow hands the flow to the browser. The cookie has to come along when the issuer sends the browser back, which is another
// site: that is what Lax allows, and no more.
func (d *Desk) setFlow(w http.ResponseWriter, f *flow) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	sealed := base64.RawURLEncoding.EncodeToString(d.Sealer.Seal(text, flowPurpose))
	setCookie(w, flowCookie, sealed, int(flowTime/time.Second), http.SameSiteLaxMode)
	return nil
}

var (
	errNoFlow     = errors.New("signin: no sign-in is under way in this browser")
	errState      = errors.New("signin: the answer is not for the sign-in of this browser")
	errOtherIss   = errors.New("signin: the answer is of another issuer")
	errReplayed   = errors.New("signin: the answer was used already")
	errDeclined   = errors.New("signin: the issuer has not signed the person in")
	errNonce      = errors.New("signin: the identity is for another sign-in")
	errIssuerAway = errors.New("signin: the issuer does not answer")
	errNotRecent  = errors.New("signin: the issuer does not say that the person was asked just now")
)

// flowOf reads the flow that a request comes back to, and holds the answer of the issuer to it.
//
// Attack: somebody gives the browser of another person an answer of the issuer that is their own, to have that person work in
// their account; or gives an answer of one issuer out as that of another. Fix: the state is in a cookie of the browser that began,
// and so is the issuer (RFC 9207). Invariant: an answer counts in the browser, for the issuer and in the time it was asked for.
func (d *Desk) flowOf(r *http.Request) (*flow, error) {
	all := r.CookiesNamed(flowCookie)
	if len(all) != 1 || len(all[0].Value) > maxFlow {
		return nil, errNoFlow
	}
	sealed, err := base64.RawURLEncoding.DecodeString(all[0].Value)
	if err != nil {
		return nil, errNoFlow
	}
	text, err := d.Sealer.Open(sealed, flowPurpose)
	if err != nil {
		return nil, errNoFlow // also where another gateway has sealed it, with a key of its own
	}
	var f flow
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, errNoFlow
	}
	query := r.URL.Query()
	switch age := d.Now().Sub(f.Begun); {
	case age < -time.Minute || age > flowTime:
		return nil, errNoFlow
	case len(query["state"]) != 1 || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(f.State)) != 1:
		return nil, errState
	case query.Has("iss") && query.Get("iss") != f.Issuer:
		return nil, errOtherIss
	}
	return &f, nil
}

// spent are the states of answers that were used. The oldest are forgotten when there are too many: an issuer takes a code only
// once, too.
type spent struct{ states *lru.Cache[string, struct{}] }

const maxSpent = 10_000

func newSpent() (spent, error) {
	states, err := lru.New[string, struct{}](maxSpent)
	return spent{states}, err
}

// spend reports whether a state is used for the first time.
func (s spent) spend(state string) bool {
	used, _ := s.states.ContainsOrAdd(state, struct{}{})
	return !used
}
