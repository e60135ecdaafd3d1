package tokens_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

func activeGate() tokens.ActiveGateRequest {
	return tokens.ActiveGateRequest{Name: "edge", Owner: "alice", Environment: "prod", Type: tokens.ActiveGateEnvironment}
}

func TestCreateActiveGate(t *testing.T) {
	o := newOffice(t, nil)
	request := activeGate()
	request.Seed, request.Expires = true, now.AddDate(2, 0, 0)
	created, err := o.CreateActiveGate(t.Context(), "alice", request)
	if err != nil {
		t.Fatal(err)
	}
	text := created.Secret.Reveal()
	if !regexp.MustCompile(`^dt0g02\.[A-Z2-7]{8}\.[A-Z2-7]{64}$`).MatchString(text) || !strings.HasPrefix(text, created.Record.ID+".") {
		t.Errorf("text of %s has %d characters", created.Record.ID, len(text))
	}
	want := tokens.Record{
		ID: created.Record.ID, Digest: tokens.DigestOf(text[len("dt0g02.ABCDEFGH."):]), Name: "edge", Owner: "alice", Environment: "prod",
		Enabled: true, Seed: true, ActiveGate: "ENVIRONMENT", Created: now, Expires: request.Expires,
	}
	stored, err := o.Show(t.Context(), want.ID)
	if diff := cmp.Diff(want, stored); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := o.DeleteActiveGate(t.Context(), "alice", want.ID); err != nil {
		t.Error(err)
	}
	var actions []string
	for _, e := range o.store.Events() {
		actions = append(actions, e.Action, e.Category(), e.Type())
	}
	if diff := cmp.Diff([]string{
		"activegatetoken.create", audit.CategoryActiveGateToken, "CREATE", "activegatetoken.delete", audit.CategoryActiveGateToken, "DELETE",
	}, actions); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if detail := o.store.Events()[0].Detail; !strings.Contains(detail, `"activeGateType":"ENVIRONMENT","seedToken":true`) || strings.Contains(detail, text[16:]) {
		t.Errorf("detail %s", detail)
	}
}

func TestCreateActiveGateRefuses(t *testing.T) {
	o := newOffice(t, nil)
	for name, test := range map[string]struct {
		edit func(*tokens.ActiveGateRequest)
		want []string
	}{
		"everything":     {func(r *tokens.ActiveGateRequest) { *r = tokens.ActiveGateRequest{Expires: now} }, []string{"name", "environment", "activeGateType", "expirationDate"}},
		"type":           {func(r *tokens.ActiveGateRequest) { r.Type = "environment" }, []string{"activeGateType"}},
		"past":           {func(r *tokens.ActiveGateRequest) { r.Expires = now.Add(-time.Hour) }, []string{"expirationDate"}},
		"over two years": {func(r *tokens.ActiveGateRequest) { r.Expires = now.AddDate(2, 0, 0).Add(time.Millisecond) }, []string{"expirationDate"}},
		"owner":          {func(r *tokens.ActiveGateRequest) { r.Owner = "alice\n" }, []string{"owner"}},
	} {
		t.Run(name, func(t *testing.T) {
			request := activeGate()
			test.edit(&request)
			_, err := o.CreateActiveGate(t.Context(), "alice", request)
			if diff := cmp.Diff(test.want, partNames(err)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// Attack: an identifier of 8 characters is drawn that some token has already; the new token takes the place of that one, or
// the caller is told that it exists. Fix: it is drawn again. Invariant: two tokens never share an identifier.
func TestActiveGateIdentifierIsTaken(t *testing.T) {
	first := bytes.Repeat([]byte{7}, 5+40)
	o := newOffice(t, func(c *tokens.ServiceConfig) {
		c.Random = io.MultiReader(bytes.NewReader(first), bytes.NewReader(first), bytes.NewReader(first), rand.Reader)
	})
	one, err := o.CreateActiveGate(t.Context(), "alice", activeGate())
	if err != nil {
		t.Fatal(err)
	}
	two, err := o.CreateActiveGate(t.Context(), "bob", activeGate())
	if err != nil || two.Record.ID == one.Record.ID {
		t.Fatalf("%s, %v", two.Record.ID, err)
	}
	if found, err := o.Lookup(t.Context(), one.Secret); err != nil || found.ID != one.Record.ID || len(o.store.Events()) != 2 {
		t.Errorf("%v, %v", found.ID, err)
	}
}

type constant struct{}

func (constant) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A source of randomness that repeats itself is given up on.
func TestMintingIsGivenUp(t *testing.T) {
	o := newOffice(t, func(c *tokens.ServiceConfig) { c.Random = constant{} })
	for _, want := range []bool{true, false} {
		_, err := o.CreateActiveGate(t.Context(), "alice", activeGate())
		if (err == nil) != want || err != nil && fault.KindOf(err) != fault.Internal {
			t.Errorf("%v", err)
		}
	}
}

// Attack: an ActiveGate token, which sits in every installer, is used at an API. Invariant: the gate refuses it there.
func TestActiveGateTokenOpensNoAPI(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	o := newOffice(t, func(c *tokens.ServiceConfig) { c.Store = g.store })
	created, err := o.CreateActiveGate(t.Context(), "alice", activeGate())
	if err != nil {
		t.Fatal(err)
	}
	if _, refusal := g.verify(t, apiToken(created.Secret.Reveal())); refusal != tokens.NotAccepted {
		t.Errorf("refusal %q", refusal)
	}
}

// Attack: the narrower right over ActiveGate tokens is used to delete an access token.
// Invariant: each kind is deleted by its own method only.
func TestDeleteActiveGateKnowsItsKind(t *testing.T) {
	o := newOffice(t, nil)
	id := o.put(nil)
	for _, id := range []string{id, "", "dt0g02", "dt0g02.NOBODY23", "a6e91657-1fa7-4742-af40-39469b92bd65"} {
		if err := o.DeleteActiveGate(t.Context(), "alice", id); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := o.Show(t.Context(), id); err != nil {
		t.Error(err)
	}
}
