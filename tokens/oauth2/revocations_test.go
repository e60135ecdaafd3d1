package oauth2_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens/oauth2"
)

// revokedAtGate asks the set as the gate does.
func (o *office) revokedAtGate(text string) bool {
	claims := claimsOf(o.t, text)
	jti, _ := claims["jti"].(string)
	client, _ := claims["client_id"].(string)
	iat, _ := claims["iat"].(float64)
	return o.revoked.Revoked(jti, client, time.Unix(int64(iat), 0), o.now)
}

func (o *office) revoke(as oauth2.Created, text string) {
	o.t.Helper()
	w := o.form("/sso/oauth2/revoke", basicOf(as), url.Values{"token": {text}, "token_type_hint": {"access_token"}}.Encode())
	if w.Code != http.StatusOK || w.Body.Len() != 0 {
		o.t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Attack: go on with a token after it was taken back; or take back somebody else's. Invariant: from the answer on the token
// is refused, for good, here and on every gateway that has loaded the change; other tokens of the client, and those of
// others, go on.
func TestRevokedTokenIsNotReplayed(t *testing.T) {
	o := newOffice(t)
	mine, neighbour, foreign := o.client(account), o.client(account), o.client(otherAccount)
	first, second := o.token(mine, ""), o.token(mine, "")
	for _, text := range []string{first, "e30.e30.AA", first[:len(first)-2] + "AA"} {
		o.revoke(neighbour, text)
		o.revoke(foreign, text)
	}
	if o.revokedAtGate(first) || !o.active(neighbour, first) || o.active(foreign, first) {
		t.Error("somebody else has revoked, or sees, the token")
	}
	o.revoke(mine, first)
	o.revoke(mine, first)
	elsewhere := oauth2.NewRevocations(o.store)
	must(t, elsewhere.Load(t.Context(), o.now))
	for range 5 {
		if !o.revokedAtGate(first) || o.active(mine, first) || elsewhere.Len() != 1 {
			t.Error("the token is good again")
		}
		o.now = o.now.Add(59 * time.Second)
		o.maintain()
	}
	if o.revokedAtGate(second) || !o.active(mine, second) {
		t.Error("the other token is gone too")
	}
	o.now = o.now.Add(10 * time.Minute)
	o.maintain()
	if n := o.revoked.Len(); n != 0 {
		t.Errorf("%d revocations of expired tokens are remembered", n)
	}
	changes := o.store.Changes()
	same(t, feed.Revocation, changes[len(changes)-1].Kind)
	events := o.store.Events()
	same(t, []string{"oauthtoken.revoke", mine.Client.ID}, []string{events[len(events)-1].Action, events[len(events)-1].Actor})
	for _, e := range events {
		for part := range strings.SplitSeq(first+"."+second, ".") {
			if strings.Contains(e.Detail+e.Object+e.Patch, part) {
				t.Errorf("a part of a token is in %+v", e.Action)
			}
		}
	}
	o.leaks(secretPart(mine))
}

// TestAllTokensOfAClient: what takes something from a client takes its tokens as well, those of the same second and of a
// clock that is a second fast included; what it gets from then on is good at once.
func TestAllTokensOfAClient(t *testing.T) {
	no, yes, other, name := false, true, "bob@example.org", "new"
	for what, tt := range map[string]struct {
		change func(*office, oauth2.Created) (oauth2.Created, error)
		revoke bool
		dead   bool // the client gets no more
		always bool // the same change takes back what has come since
	}{
		"delete": {func(o *office, c oauth2.Created) (oauth2.Created, error) {
			return c, o.service.DeleteClient(o.t.Context(), "ann", account, c.Client.ID)
		}, true, true, false},
		"disable":                 {changing(oauth2.Change{Enabled: &no}), true, true, false},
		"other owner":             {changing(oauth2.Change{Owner: &other}), true, false, false},
		"fewer scopes":            {changing(oauth2.Change{Scopes: nine[1:]}), true, false, false},
		"more scopes":             {changing(oauth2.Change{Scopes: append([]string{"storage:logs:read"}, nine...)}), false, false, false},
		"other name":              {changing(oauth2.Change{Name: &name, Enabled: &yes}), false, false, false},
		"rotate":                  {rotating(oauth2.Rotation{}), false, false, false},
		"rotate, overlap, revoke": {rotating(oauth2.Rotation{Overlap: time.Hour, RevokeTokens: true}), true, false, true},
	} {
		t.Run(what, func(t *testing.T) {
			o := newOffice(t)
			c, bystander := o.client(account), o.client(account)
			old, others := o.token(c, ""), o.token(bystander, "")
			o.now = o.now.Add(time.Second) // the fast clock of another gateway
			fast := o.token(c, "")
			o.now = start.Add(100 * time.Millisecond)
			var after []string
			for range 3 { // the second and third time within the same second
				changed, err := tt.change(o, c)
				if err != nil && !tt.dead {
					t.Fatal(err)
				}
				before := []string{old, fast}
				if tt.always {
					before = append(before, after...)
				}
				for _, text := range before {
					if o.revokedAtGate(text) != tt.revoke {
						t.Errorf("revoked: %v", !tt.revoke)
					}
				}
				if o.revokedAtGate(others) {
					t.Error("the bystander's token is revoked")
				}
				if tt.dead {
					continue
				}
				c = changed
				text := o.token(c, "")
				if o.revokedAtGate(text) || !o.active(c, text) || o.passes(o.gate(), text) != "" {
					t.Error("the new token is not good")
				}
				after = append(after, text)
			}
			if w := o.form("/sso/oauth2/token", basicOf(c), "grant_type=client_credentials"); (w.Code == 200) == tt.dead {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

func changing(change oauth2.Change) func(*office, oauth2.Created) (oauth2.Created, error) {
	return func(o *office, c oauth2.Created) (oauth2.Created, error) {
		_, err := o.service.UpdateClient(o.t.Context(), "ann", account, c.Client.ID, change, nil)
		return c, err
	}
}

func rotating(rotation oauth2.Rotation) func(*office, oauth2.Created) (oauth2.Created, error) {
	return func(o *office, c oauth2.Created) (oauth2.Created, error) {
		return o.service.RotateSecret(o.t.Context(), "ann", account, c.Client.ID, rotation, nil)
	}
}

// Attack: cut the gateway off from its store, so that it never hears of a revocation. Invariant: a set that was not loaded
// lately vouches for nobody.
func TestRevocationsFailClosed(t *testing.T) {
	o := newOffice(t)
	fresh := oauth2.NewRevocations(o.store)
	ask := func(at time.Time) bool { return fresh.Revoked("jti", "dt0s02.A", at, at) }
	if !ask(start) {
		t.Error("good before the first load")
	}
	must(t, fresh.Load(t.Context(), start))
	if ask(start) || ask(start.Add(oauth2.StaleFor-1)) || !fresh.Revoked("", "dt0s02.A", start, start) || !fresh.Revoked("jti", "", start, start) {
		t.Error("a fresh set")
	}
	for _, at := range []time.Time{start.Add(oauth2.StaleFor), start.Add(-oauth2.StaleFor)} {
		if !ask(at) || !fresh.Stale(at) {
			t.Error("a stale set vouches")
		}
	}
	o.store.Before = refusing("Revocations")
	if err := fresh.Load(t.Context(), start.Add(time.Hour)); err == nil || !ask(start.Add(time.Hour)) || ask(start) {
		t.Errorf("after a failed load: %v", err)
	}
	fresh.Forget()
	if !ask(start) {
		t.Error("good although all is forgotten")
	}
	c := o.client(account)
	text := o.token(c, "")
	o.now = o.now.Add(oauth2.StaleFor)
	if w := o.form("/sso/oauth2/introspect", basicOf(c), "token="+text); w.Code != 503 {
		t.Errorf("introspection with a stale set: %d %s", w.Code, w.Body)
	}
}

// TestLoadLosesNothing: a revocation that is made while the set is loaded is not in what was read, and holds all the same.
func TestLoadLosesNothing(t *testing.T) {
	o := newOffice(t)
	c := o.client(account)
	text := o.token(c, "")
	o.store.Before = func(_ context.Context, method string) error {
		if method == "PurgeRevocations" {
			o.revoke(c, text)
		}
		return nil
	}
	must(t, o.revoked.Maintain(t.Context(), o.now))
	o.store.Before = nil
	if !o.revokedAtGate(text) {
		t.Error("lost")
	}
	for n := range 2500 { // several pages
		r := oauth2.Revocation{ID: "jti" + time.Duration(n).String(), Until: start.Add(time.Hour)}
		must(t, o.store.Revoke(t.Context(), r, audit.Event{}))
	}
	o.maintain()
	if !o.revokedAtGate(text) || o.revoked.Len() != 2501 {
		t.Errorf("%d revocations", o.revoked.Len())
	}
}

// TestRevocationFlood. Attack: revoke tokens without end, to fill the memory of every gateway. Invariant: a client is slowed
// down, and nobody else with it.
func TestRevocationFlood(t *testing.T) {
	o := newOffice(t)
	c, other := o.client(account), o.client(account)
	codes := map[int]int{}
	for range 120 {
		codes[o.form("/sso/oauth2/revoke", basicOf(c), "token="+o.token(c, "")).Code]++
	}
	same(t, map[int]int{200: 100, 429: 20}, codes)
	o.revoke(other, o.token(other, ""))
}
