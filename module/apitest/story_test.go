package apitest_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/tokens"
)

// TestStories replays testdata/*.txtar through a whole gateway, once over HTTP/1.1 and once over HTTP/2. The comment of
// an archive says what its story shows. The section "Caddyfile", if any, takes the place of testdata/Caddyfile; other
// sections are files, to which {FILE:name} in the Caddyfile leads. The section "story" has paragraphs of these forms, in
// which # begins a remark:
//
//	mint NAME scope… [personal] [administrator] [cluster] [staff] [owner=…] [environment=…] [kind=…]
//
// issues a token from the command line, as it were; {NAME} is its text from there on, {name} its identifier.
//
//	crowd 120 scope…
//
// issues that many tokens.
//
//	permit alice@example.com ALLOW …;
//
// gives a user a policy.
//
//	session NAME
//
// signs somebody in to the console with a token; {name_session} is the identifier of the session.
//
//	PUT /api/v2/apiTokens/{name} as NAME
//	X-Forwarded-For: 192.0.2.1
//	{"scopes": ["metrics.read"]}
//	=> 204 soon
//	Cache-Control: no-store
//	{"id": "<name>", "token": "<NAME>", "creationDate": "*"}
//
// is a request with a header and a body, and what is expected. A target with https:// goes to the port with TLS, whichever
// the protocol. "soon" asks until the status comes, for what another process has changed, and "once TEXT" until the answer
// has a text in it, for what is noted aside. In the body that is expected "*"
// stands for anything, a member "..." for any further ones, a last element "..." for any further ones as well, and
// "<name>" keeps what is there as {name}. What a story names in capitals is a secret: it must not be in the log, the store
// or the audit trail. "as NAME" sends a token by the scheme that is right for it, and the secret of an OAuth2 client by Basic.
//
// A story is told once for every paragraph of the section "variants", with the values that its lines name:
//
//	prefix: /iam/v1/repo
//
// Every answer of a.test is held against the document, and so is the body of every request that succeeds.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no stories", err)
	}
	for _, protocol := range []string{"h1", "h2"} {
		seen, told := newSightings(t), 0
		for _, file := range files {
			t.Run(protocol+"/"+strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
				told++
				tell(t, file, protocol, seen)
			})
		}
		if told == len(files) {
			t.Run(protocol+"/refusals", func(t *testing.T) { refuseEverything(t, protocol, seen) })
			t.Run(protocol+"/forms", func(t *testing.T) { refuseForms(t, protocol, seen) })
			t.Run(protocol+"/store away", func(t *testing.T) { loseStore(t, protocol, seen) })
			if !t.Failed() {
				seen.checkComplete(t)
			}
		}
	}
}

// tell replays one story.
func tell(t *testing.T, file, protocol string, seen *sightings) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	caddyfile, story, variants, replaced := "", "", "", []string{}
	folder := t.TempDir()
	for _, section := range archive.Files {
		switch section.Name {
		case "Caddyfile":
			caddyfile = string(section.Data)
		case "story":
			story = string(section.Data)
		case "variants":
			variants = string(section.Data)
		default:
			name := filepath.Join(folder, section.Name)
			if err := os.WriteFile(name, section.Data, 0o600); err != nil {
				t.Fatal(err)
			}
			replaced = append(replaced, "{FILE:"+section.Name+"}", name)
		}
	}
	caddyfile = strings.NewReplacer(replaced...).Replace(caddyfile)
	from := strings.Count(string(archive.Comment), "\n") + 1
	for values := range eachVariant(variants) {
		s := openStage(t, caddyfile, protocol, seen)
		maps.Copy(s.values, values)
		for n, paragraph := range paragraphs(story) {
			s.at = n
			s.play(paragraph)
			if t.Failed() {
				t.Fatalf("%s:%d", file, n+from)
			}
		}
		s.checkNoSecrets()
	}
}

// eachVariant gives the values of each paragraph; without any, nothing once.
func eachVariant(section string) func(func(map[string]string) bool) {
	return func(yield func(map[string]string) bool) {
		none := true
		for _, lines := range paragraphs(section) {
			none = false
			values := map[string]string{}
			for _, line := range lines {
				name, value, _ := strings.Cut(line, ": ")
				values[name] = value
			}
			if !yield(values) {
				return
			}
		}
		if none {
			yield(nil)
		}
	}
}

// paragraphs are the parts of a story between empty lines, without remarks, by the number of their first line.
func paragraphs(story string) func(func(int, []string) bool) {
	return func(yield func(int, []string) bool) {
		var lines []string
		at := 0
		for line := range strings.SplitSeq(story+"\n\n", "\n") {
			at++
			if strings.HasPrefix(line, "#") {
				continue
			}
			if line != "" {
				lines = append(lines, line)
				continue
			}
			if len(lines) > 0 && !yield(at-len(lines), lines) {
				return
			}
			lines = nil
		}
	}
}

// play carries out one paragraph: a request, or commands of one line each.
func (s *stage) play(lines []string) {
	s.t.Helper()
	for i, line := range lines {
		words := strings.Fields(line)
		switch words[0] {
		case "mint":
			s.mint(words[1], strings.Fields(s.fill(strings.Join(words[2:], " "))))
		case "crowd":
			s.crowd(words[1], words[2:])
		case "session":
			s.beginSession(words[1])
		case "permit":
			s.permit(words[1], strings.Join(words[2:], " "))
		default:
			s.exchange(parseRequest(s, lines[i:]))
			return
		}
	}
}

// mint issues a token that the words describe.
func (s *stage) mint(name string, words []string) {
	s.t.Helper()
	request := tokens.CreateRequest{Attributes: tokens.Attributes{
		Name: strings.ToLower(name), Owner: "alice@example.com", Environment: s.office.Environment, AllowUncreatable: true,
	}}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		switch {
		case word == "personal":
			request.Personal = true
		case word == "administrator":
			request.Administrator = true
		case word == "cluster":
			request.Cluster = true
		case word == "staff":
			request.Staff = true
		case !found:
			request.Scopes = append(request.Scopes, word)
		case key == "owner":
			request.Owner = value
		case key == "environment":
			request.Environment = value
		case key == "kind":
			request.Prefix = value
		default:
			s.t.Fatalf("mint: %s", word)
		}
	}
	created, err := s.office.Tokens.Create(s.t.Context(), "cli:test", request)
	s.must(err)
	s.values[name], s.values[strings.ToLower(name)] = created.Secret.Reveal(), created.Record.ID
}

// beginSession signs somebody in to the console, as its sign-in page does.
func (s *stage) beginSession(name string) {
	s.t.Helper()
	id := s.values[strings.ToLower(name)]
	keeper := session.NewKeeper(s.office.Store, session.Options{})
	_, begun, err := keeper.Begin(s.t.Context(), session.Person{
		Subject: session.SubjectOf(&rest.Caller{TokenID: id}), Environment: s.office.Environment, Actor: id, Method: session.MethodToken,
		Address: "192.0.2.1", UserAgent: "a browser", Credential: session.Credential{Scheme: "Api-Token", Text: tokens.NewSecret(s.values[name])},
	})
	s.must(err)
	s.values[strings.ToLower(name)+"_session"] = begun.ID
}
