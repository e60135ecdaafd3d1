package console_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// browser is one that keeps cookies, those for HTTPS on loopback too, as browsers do.
type browser struct {
	t       *testing.T
	base    string
	cookies map[string]string
}

// do sends a request and gives the status, where it leads, and the page.
func (b *browser) do(method, path string, form url.Values) (status int, location, page string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	for _, c := range answer.Cookies() {
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Location"), string(text)
}

func (b *browser) signIn(token string) {
	b.t.Helper()
	_, _, page := b.do("GET", "/signin?back=/tokens", nil)
	form := url.Values{"form_token": {formToken(b.t, page)}, "token": {token}, "back": {"/tokens"}}
	if status, to, page := b.do("POST", "/signin", form); status >= 400 {
		b.t.Fatalf("signing in: %d, %s: %s", status, to, page)
	}
}

// formToken is that of the first form on a page.
func formToken(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Data == "input" {
			of := map[string]string{}
			for _, a := range n.Attr {
				of[a.Key] = a.Val
			}
			if of["name"] == "form_token" {
				return of["value"]
			}
		}
	}
	t.Fatalf("no form token on %.2000s", page)
	return ""
}

const site = `{
	admin off
	default_bind 127.0.0.1
	auto_https off
	storage file_system {FOLDER}/caddy
	log {
		output file {LOG}
		format doorward json
	}
	doorward {
		store sqlite {STORE}
	}
}
http://127.0.0.1:{PORT} {
	log
	doorward_console {
		name "Trial & Co"
		gateway http://gateway.test
	}
	respond /elsewhere "not the console's"
}
`

// TestDirective signs somebody in at a gateway that has nothing but the console, from whose token on everything goes through
// the gate: a token that is switched off ends the session with the next page.
func TestDirective(t *testing.T) {
	g := moduletest.Start(t, site)
	id, text := g.Mint("", tokens.Attributes{Name: "clerk", Scopes: []string{"apiTokens.read", "apiTokens.write"}})
	b := &browser{t: t, base: "http://" + g.Addr, cookies: map[string]string{}}
	if status, to, _ := b.do("GET", "/tokens", nil); status != http.StatusSeeOther || !strings.HasPrefix(to, "/signin") {
		t.Fatalf("without a session: %d, %s", status, to)
	}
	b.signIn(text)
	status, _, page := b.do("GET", "/tokens", nil)
	if status != http.StatusOK || !strings.Contains(page, "Trial &amp; Co") || !strings.Contains(page, id) || strings.Contains(page, text) {
		t.Fatalf("the tokens: %d, %.3000s", status, page)
	}
	token := formToken(t, page)
	if status, _, page := b.do("POST", "/tokens/new", url.Values{"form_token": {token}, "name": {"made here"}, "scopes": {"metrics.read"}}); status != http.StatusForbidden || !strings.Contains(page, "metrics.read is not yours to give") || !strings.Contains(page, `value="made here"`) {
		t.Errorf("a clerk gives a scope that it does not have: %d, %.3000s", status, page)
	}
	if status, _, page := b.do("POST", "/tokens/new", url.Values{"form_token": {token}, "name": {"made here"}, "scopes": {"apiTokens.read"}}); status != http.StatusCreated || !strings.Contains(page, "&#39;http://gateway.test/") {
		t.Errorf("a new token: %d, %.3000s", status, page)
	}
	g.Load(strings.Replace(site, `"Trial & Co"`, "Reloaded", 1))
	if status, _, page := b.do("GET", "/tokens", nil); status != http.StatusOK || !strings.Contains(page, "Reloaded") {
		t.Errorf("after a reload of the config: %d %.200s", status, page)
	}
	if status, _, page := b.do("GET", "/elsewhere", nil); status != http.StatusOK || page != "not the console's" {
		t.Errorf("what is not the console's: %d %s", status, page)
	}
	if status, _, page := b.do("GET", "/nowhere", nil); status != http.StatusNotFound || !strings.Contains(page, "There is no such page") {
		t.Errorf("what is nobody's: %d %.200s", status, page)
	}
	g.Disable(id)
	for range 200 { // until the gate has heard of it
		if status, _, _ = b.do("GET", "/tokens", nil); status != http.StatusOK {
			break
		}
	}
	if status != http.StatusSeeOther {
		t.Errorf("with a token that is switched off: %d", status)
	}
	if strings.Contains(g.Logs(), text) || strings.Contains(g.Logs(), b.cookies["__Host-doorward"]) && b.cookies["__Host-doorward"] != "" {
		t.Error("a secret is in the log")
	}
}

// TestExplainWithoutASite: where nothing but the console is served, no request could come to a site with a gate. The question
// is answered so; it once ended in a panic.
func TestExplainWithoutASite(t *testing.T) {
	g := moduletest.Start(t, site)
	id, text := g.Mint("", tokens.Attributes{Scopes: []string{"ServiceProviderAPI", "apiTokens.read"}, Cluster: true, AllowUncreatable: true})
	b := &browser{t: t, base: "http://" + g.Addr, cookies: map[string]string{}}
	b.signIn(text)
	status, _, page := b.do("GET", "/explain?"+url.Values{"tokenId": {id}, "method": {"GET"}, "target": {"/api/v2/metrics"}}.Encode(), nil)
	if status >= http.StatusInternalServerError || !strings.Contains(page, "The config has no site with a gate") {
		t.Errorf("got %d %.3000s", status, page)
	}
}
