package apitest_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// stage is a gateway on which a story is played.
type stage struct {
	*moduletest.Gate
	t      *testing.T
	at     int // paragraph of the story
	client client
	office *module.Administration // the command line, as it were
	values map[string]string      // that the story has named so far
	seen   *sightings
	audit  strings.Builder // all that the audit log has answered
}

// openStage starts a gateway with a new encryption key. The usual Caddyfile stands for an empty one.
func openStage(t *testing.T, caddyfile, protocol string, seen *sightings) *stage {
	t.Helper()
	s := &stage{t: t, values: map[string]string{}, seen: seen}
	if caddyfile == "" {
		usual, err := os.ReadFile("testdata/Caddyfile")
		s.must(err)
		caddyfile = string(usual)
	}
	key := filepath.Join(t.TempDir(), "encryption.key")
	s.must(os.WriteFile(key, []byte(newKey()), 0o600))
	s.Gate = moduletest.Start(t, strings.ReplaceAll(caddyfile, "{KEY}", key))
	s.client = newClient(s.Gate, protocol)
	t.Cleanup(s.client.close)
	s.office = s.Administration()
	t.Cleanup(func() { _ = s.office.Close() })
	return s
}

func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// crowd issues many tokens.
func (s *stage) crowd(number string, scopes []string) {
	s.t.Helper()
	n, err := strconv.Atoi(number)
	s.must(err)
	for i := range n {
		_, err := s.office.Tokens.Create(s.t.Context(), "cli:test", tokens.CreateRequest{Attributes: tokens.Attributes{
			Name: fmt.Sprintf("crowd %03d", i), Environment: s.office.Environment, Scopes: scopes,
		}})
		s.must(err)
	}
}

// permit gives a user a policy in the account. A user who is none yet becomes one.
func (s *stage) permit(user, statement string) {
	s.t.Helper()
	ctx, account, policies := s.t.Context(), s.office.Account, s.office.Policies
	if _, err := policies.User(ctx, account, user); err != nil {
		_, err = policies.CreateUser(ctx, "cli:test", account, pap.UserAttributes{Email: user})
		s.must(err)
	}
	name := fmt.Sprintf("paragraph %d", s.at)
	group, err := policies.CreateGroup(ctx, "cli:test", account, pap.GroupAttributes{Name: name})
	s.must(err)
	s.must(policies.AddToGroups(ctx, "cli:test", account, user, []string{group.UUID}))
	policy, _, err := policies.CreatePolicy(ctx, "cli:test", pap.AccountLevel(account), "", pap.PolicyAttributes{Name: name, Statement: statement})
	s.must(err)
	_, _, err = policies.Bind(ctx, "cli:test", pap.BindRequest{Level: pap.AccountLevel(account), Policy: policy.UUID, Groups: []string{group.UUID}})
	s.must(err)
}

var reference = regexp.MustCompile(`\{([A-Za-z][A-Za-z0-9_.]*)\}`)

// fill puts values in the places of their names.
func (s *stage) fill(text string) string {
	s.t.Helper()
	return reference.ReplaceAllStringFunc(text, func(name string) string {
		value, known := s.values[strings.Trim(name, "{}")]
		if !known {
			s.t.Errorf("the story has not named %s", name)
		}
		return value
	})
}

// masked is a text for the output of a test, with secrets left out.
func (s *stage) masked(text string) string {
	for name, value := range s.values {
		if isSecret(name) {
			text = strings.ReplaceAll(text, value, "{"+name+"}")
		}
	}
	return tokens.Mask(text)
}

// isSecret goes by the capitals.
func isSecret(name string) bool { return name == strings.ToUpper(name) }

// Attack: a secret is found where it was left behind. Invariant: of what was shown once, not even the part that makes it a
// secret is in the log, the store or the audit trail.
func (s *stage) checkNoSecrets() {
	s.t.Helper()
	places := map[string]string{"the log": s.Logs(), "the audit trail": s.audit.String()}
	files, err := filepath.Glob(filepath.Join(s.Folder, "doorward.db*"))
	s.must(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		s.must(err)
		places[filepath.Base(file)] = string(text)
	}
	if len(places) < 3 {
		s.t.Error("the store was not found")
	}
	for place, text := range places {
		for name, value := range s.values {
			if secret := value[strings.LastIndexByte(value, '.')+1:]; isSecret(name) && strings.Contains(text, secret) {
				s.t.Errorf("%s has the secret {%s}", place, name)
			}
		}
	}
}
