package benchmarks

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// slowestPage is what the server may take for a page of the console, at the median.
const slowestPage = 100 * time.Millisecond

// BenchmarkConsole is each page of the console over a store with as much in it as a large installation has: pages are found as
// people find them, by the links of others, and of those with the same form the first one is taken.
func BenchmarkConsole(b *testing.B) {
	of := sizes(b)
	file := filepath.Join(b.TempDir(), "doorward.db")
	fillStore(b, "sqlite:"+file, of)
	v := newVisitor(b, file)
	var slow []string
	for _, page := range v.pages() {
		b.Run(page.form, func(b *testing.B) {
			var took []time.Duration
			measure(b, func(int) {
				start := time.Now()
				v.open(page.address)
				took = append(took, time.Since(start))
			})
			slices.Sort(took)
			if median := took[len(took)/2]; median > slowestPage {
				slow = append(slow, fmt.Sprintf("%s takes %v", page.form, median.Round(time.Millisecond)))
			}
		})
	}
	if len(slow) > 0 { // told last, because of what fails no figures are shown
		b.Errorf("more than %v:\n%s", slowestPage, strings.Join(slow, "\n"))
	}
}

// visitor is a browser of an administrator who is signed in.
type visitor struct {
	b       *testing.B
	base    string
	cookies map[string]string
}

func newVisitor(b *testing.B, file string) *visitor {
	b.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	keyFile := filepath.Join(b.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(base64.StdEncoding.EncodeToString(key)), 0o600); err != nil {
		b.Fatal(err)
	}
	g := moduletest.Start(b, fmt.Sprintf(`{
	admin off
	persist_config off
	default_bind 127.0.0.1
	doorward {
		store sqlite %[1]q
		account %[2]s {
			environment %[3]s
		}
		environment %[3]s
		encryption_key %[4]q
	}
}
{SITE} {
	doorward_console
}
`, file, fill.Account, fill.Environment, keyFile))
	attributes := tokens.Attributes{Name: "bench", Owner: "bench@example.org", Environment: fill.Environment, Cluster: true, AllowUncreatable: true, Administrator: true}
	a := g.Administration()
	for _, s := range a.Scopes.All() {
		attributes.Scopes = append(attributes.Scopes, s.Value)
	}
	if err := a.Close(); err != nil {
		b.Fatal(err)
	}
	_, token := g.Mint("", attributes)
	v := &visitor{b: b, base: "http://" + g.Addr, cookies: map[string]string{}}
	_, page := v.send(http.MethodGet, "/signin", nil)
	form := regexp.MustCompile(`name="form_token" value="([^"]+)"`).FindStringSubmatch(page)
	if form == nil {
		b.Fatalf("no form to sign in with: %.2000s", page)
	}
	if status, page := v.send(http.MethodPost, "/signin", url.Values{"form_token": {form[1]}, "token": {token}}); status != http.StatusSeeOther {
		b.Fatalf("signing in: %d %.2000s", status, page)
	}
	return v
}

// send keeps cookies for HTTPS on loopback too, as browsers do.
func (v *visitor) send(method, path string, form url.Values) (status int, page string) {
	v.b.Helper()
	r, err := http.NewRequestWithContext(v.b.Context(), method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		v.b.Fatal(err)
	}
	defer answer.Body.Close()
	for _, c := range answer.Cookies() {
		v.cookies[c.Name] = c.Value
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		v.b.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func (v *visitor) open(path string) string {
	v.b.Helper()
	status, page := v.send(http.MethodGet, path, nil)
	if status != http.StatusOK {
		v.b.Fatalf("%s: %d %.2000s", path, status, page)
	}
	return page
}

// pageAddress is a page, and the form that its address has in common with others.
type pageAddress struct{ address, form string }

// searches are what people ask for by forms, to which no link leads. The name of a user is that of one with few tokens.
var searches = []string{
	"/tokens?owner=owner-7%40example.org", "/tokens?scope=traces.read", "/tokens?used=to%3Anow-90d", "/users?q=7", "/groups?q=7",
	"/bindings?q=7", "/policies?q=7", "/events?user=nobody", "/events?since=now-10y&object=7",
}

var (
	links      = regexp.MustCompile(`href="(/[^"]*)"`)
	identifier = regexp.MustCompile(`^(dt0[a-z]\d\d\.[A-Z0-9]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+)$`)
	files      = regexp.MustCompile(`^/assets/|[./](csv|json|html|text)(\?|$)`)
)

// pages are all that a way leads to from the overview, and from the searches, each form of address once: each order of a listing, and
// of its pages one.
func (v *visitor) pages() []pageAddress {
	v.b.Helper()
	var found []pageAddress
	seen := map[string]bool{}
	for queue := append([]string{"/"}, searches...); len(queue) > 0; queue = queue[1:] {
		address := queue[0]
		form := formOf(address)
		if seen[form] {
			continue
		}
		seen[form] = true
		found = append(found, pageAddress{address, cmp.Or(strings.TrimPrefix(form, "/"), "overview")})
		for _, link := range links.FindAllStringSubmatch(v.open(address), -1) {
			if path, _, _ := strings.Cut(html.UnescapeString(link[1]), "#"); path != "" && !files.MatchString(path) {
				queue = append(queue, path)
			}
		}
	}
	return found
}

// formOf is an address without what differs, and with the names of its filters.
func formOf(address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return address
	}
	parts := strings.Split(at.Path, "/")
	for i, part := range parts {
		parts[i] = identifier.ReplaceAllString(part, "{id}")
	}
	form := strings.Join(parts, "/")
	names := make([]string, 0, len(at.Query()))
	for name, values := range at.Query() {
		if name == "sort" {
			name += "=" + values[0]
		}
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > 0 {
		form += "?" + strings.Join(names, "&")
	}
	return form
}
