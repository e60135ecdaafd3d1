package oauth2_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens/oauth2"
	"github.com/doorward/doorward/tokens/oauth2/oauth2test"
)

var errDisk = errors.New("disk on fire")

// refusing has these methods of a store fail.
func refusing(methods ...string) func(context.Context, string) error {
	return func(_ context.Context, method string) error {
		if slices.Contains(methods, method) {
			return errDisk
		}
		return nil
	}
}

func keyIDs(set *jose.JSONWebKeySet) (ids []string) {
	for _, key := range set.Keys {
		ids = append(ids, key.KeyID)
	}
	return ids
}

// TestKeyRotation walks through half a year, a minute at a time around the changes. Invariants: a key is published for
// longer than others may keep the set before it signs, and for longer than a token lives after it has; a token that was
// issued just before a change stays good until its end.
func TestKeyRotation(t *testing.T) {
	o := newOffice(t)
	c := o.client(account)
	published, signed := map[string]time.Time{}, map[string]time.Time{}
	gone := map[string]bool{}
	for end := start.AddDate(0, 6, 0); o.now.Before(end); {
		o.maintain()
		ids := keyIDs(o.keys.Public())
		for _, id := range ids {
			if _, known := published[id]; !known {
				published[id] = o.now
			}
			if gone[id] {
				t.Fatalf("%s came back", id)
			}
		}
		current := o.keys.Current(o.now)
		if _, known := signed[current]; !known && len(signed) > 0 && o.now.Sub(published[current]) < 15*time.Minute {
			t.Fatalf("%s signs %s after it was published", current, o.now.Sub(published[current]))
		}
		signed[current] = o.now
		for id, last := range signed {
			if !slices.Contains(ids, id) {
				gone[id] = true
				if o.now.Sub(last) <= oauth2.Lifetime {
					t.Fatalf("%s is gone %s after its last token", id, o.now.Sub(last))
				}
			}
		}
		step := 6 * time.Hour
		if len(ids) > 1 { // something is under way
			step = time.Minute
		}
		o.now = o.now.Add(step)
	}
	if len(signed) != 7 || len(gone) != 6 {
		t.Errorf("%d keys have signed, %d are gone", len(signed), len(gone))
	}
	if text := o.token(c, ""); o.passes(o.gate(), text) != "" {
		t.Error("the last token does not pass")
	}
}

// TestKeysOfSeveral: gateways that start, and later rotate, at the same moment end up with the same keys.
func TestKeysOfSeveral(t *testing.T) {
	store := &oauth2test.Memory{}
	var gateways []*oauth2.Keys
	for range 5 {
		k, err := oauth2.NewKeys(oauth2.KeysConfig{Store: store, Sealer: sealer(t, 1)})
		must(t, err)
		gateways = append(gateways, k)
	}
	for now, want := start, 1; want <= 2; now, want = now.Add(31*24*time.Hour), want+1 {
		var all sync.WaitGroup
		for _, k := range gateways {
			all.Go(func() {
				if err := k.Maintain(t.Context(), now); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, k := range gateways {
			must(t, k.Load(t.Context()))
			if ids := keyIDs(k.Public()); len(ids) != want || !slices.Equal(ids, keyIDs(gateways[0].Public())) {
				t.Errorf("%v, want %d", ids, want)
			}
		}
	}
}

// Attack: with write access to the database, but without the encryption key, put a key of one's own in the place of ours,
// or one of ours under another name. Invariant: what does not open as what it says it is is neither published nor signs,
// and no other takes its place.
func TestForeignKeys(t *testing.T) {
	thief := &oauth2test.Memory{}
	theirs, err := oauth2.NewKeys(oauth2.KeysConfig{Store: thief, Sealer: sealer(t, 2)})
	must(t, err)
	must(t, theirs.Maintain(t.Context(), start))
	stolen, err := thief.SigningKeys(t.Context())
	must(t, err)

	o := newOffice(t)
	ours, err := o.store.SigningKeys(t.Context())
	must(t, err)
	renamed := ours[0]
	renamed.ID, renamed.SignsFrom = stolen[0].ID, start.Add(time.Second)
	garbled := ours[0]
	garbled.ID, garbled.Sealed, garbled.SignsFrom = "x", []byte("garbage"), start.Add(time.Second)
	moved := stolen[0]
	moved.SignsFrom = start.Add(time.Second)
	for name, key := range map[string]oauth2.SigningKey{"sealed by somebody else": moved, "under another name": renamed, "garbage": garbled} {
		must(t, o.store.AddSigningKey(t.Context(), key, ours[0].ID, audit.Event{}))
		o.now = start.Add(60 * 24 * time.Hour)
		if err := o.keys.Maintain(t.Context(), o.now); err == nil || !strings.Contains(err.Error(), key.ID) {
			t.Errorf("%s: %v", name, err)
		}
		if ids := keyIDs(o.keys.Public()); !slices.Equal(ids, []string{ours[0].ID}) || o.keys.Current(o.now) != ours[0].ID {
			t.Errorf("%s: published %v", name, ids)
		}
		if stored, _ := o.store.SigningKeys(t.Context()); len(stored) != 2 {
			t.Errorf("%s: %d keys are stored", name, len(stored))
		}
		must(t, o.store.RemoveSigningKey(t.Context(), key.ID, audit.Event{}))
	}
}

func TestKeysFaults(t *testing.T) {
	o := newOffice(t)
	before := keyIDs(o.keys.Public())
	o.now = start.Add(40 * 24 * time.Hour)
	for _, method := range []string{"SigningKeys", "AddSigningKey"} {
		o.store.Before = refusing(method)
		if err := o.keys.Maintain(t.Context(), o.now); fault.KindOf(err) != fault.Unavailable || !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", method, err)
		}
		same(t, before, keyIDs(o.keys.Public()))
	}
	for name, config := range map[string]oauth2.KeysConfig{
		"no sealer":   {Store: o.store},
		"no store":    {Sealer: sealer(t, 1)},
		"fast":        {Store: o.store, Sealer: sealer(t, 1), RotateEvery: time.Minute},
		"short cache": {Store: o.store, Sealer: sealer(t, 1), CacheFor: time.Second},
		"long cache":  {Store: o.store, Sealer: sealer(t, 1), RotateEvery: time.Hour, CacheFor: time.Hour},
	} {
		if _, err := oauth2.NewKeys(config); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	empty, err := oauth2.NewKeys(oauth2.KeysConfig{Store: o.store, Sealer: sealer(t, 1)})
	must(t, err)
	if empty.Current(start) != "" || len(empty.Public().Keys) != 0 {
		t.Error("keys before they are loaded")
	}
}

// TestPublished compares the documents that everybody may read.
func TestPublished(t *testing.T) {
	var heard []*jose.JSONWebKeySet
	o := newOffice(t)
	k, err := oauth2.NewKeys(oauth2.KeysConfig{Store: o.store, Sealer: sealer(t, 1), OnChange: func(set *jose.JSONWebKeySet) { heard = append(heard, set) }})
	must(t, err)
	must(t, errors.Join(k.Maintain(t.Context(), o.now), k.Load(t.Context())))
	if len(heard) != 1 || !slices.Equal(keyIDs(heard[0]), keyIDs(o.keys.Public())) {
		t.Errorf("heard %d times", len(heard))
	}

	w := o.send(http.MethodGet, "/.well-known/jwks.json", nil, "")
	var set struct{ Keys []map[string]string }
	must(t, json.Unmarshal(w.Body.Bytes(), &set))
	for _, key := range set.Keys {
		for _, name := range []string{"x", "y"} {
			if len(key[name]) != 43 {
				t.Errorf("%s is %q", name, key[name])
			}
			delete(key, name)
		}
	}
	same(t, []map[string]string{{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": o.keys.Current(o.now)}}, set.Keys)
	same(t, "public, max-age=900", w.Header().Get("Cache-Control"))

	want := `{"issuer":"https://sso.doorward.test","token_endpoint":"https://sso.doorward.test/sso/oauth2/token",` +
		`"jwks_uri":"https://sso.doorward.test/.well-known/jwks.json","introspection_endpoint":"https://sso.doorward.test/sso/oauth2/introspect",` +
		`"revocation_endpoint":"https://sso.doorward.test/sso/oauth2/revoke","scopes_supported":["account-env-read","account-idm-read",` +
		`"account-idm-write","iam-policies-management","iam:bindings:read","iam:bindings:write","iam:effective-permissions:read",` +
		`"iam:policies:read","iam:policies:write","storage:logs:read"],"response_types_supported":[],"grant_types_supported":["client_credentials"],` +
		`"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"],` +
		`"introspection_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"],` +
		`"revocation_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]}`
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		same(t, want, o.send(http.MethodGet, path, nil, "").Body.String())
	}

	unnamed := oauth2.Operations(oauth2.Config{Service: o.service, Keys: k, Revoked: o.revoked})
	o.operations = unnamed
	if text := o.send(http.MethodGet, "/.well-known/openid-configuration", nil, "").Body.String(); !strings.HasPrefix(text, `{"issuer":"https://gate.test",`) {
		t.Error(text)
	}
	k, err = oauth2.NewKeys(oauth2.KeysConfig{Store: o.store, Sealer: sealer(t, 1)})
	must(t, err)
	o.operations = oauth2.Operations(oauth2.Config{Service: o.service, Keys: k, Revoked: o.revoked})
	if w := o.send(http.MethodGet, "/.well-known/jwks.json", nil, ""); w.Code != 503 {
		t.Errorf("an empty set: %d %s", w.Code, w.Body)
	}
}
