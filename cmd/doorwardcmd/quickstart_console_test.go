package doorwardcmd_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

var (
	consoleAddress = regexp.MustCompile(`console +(http://\S+)`)
	formToken      = regexp.MustCompile(`name="form_token" value="([^"]+)"`)
)

// TestQuickstart_Console does what the banner says: it opens the console and signs in with the token that was shown.
func TestQuickstart_Console(t *testing.T) {
	q := startTrial(t, t.TempDir())
	token := tokenLine.FindString(q.banner)
	base := consoleAddress.FindStringSubmatch(q.banner)[1]
	cookies := map[string]string{}
	_, page := browse(t, cookies, http.MethodGet, base+"/signin", nil)
	found := formToken.FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no form to sign in with: %.2000s", page)
	}
	if status, page := browse(t, cookies, http.MethodPost, base+"/signin", url.Values{"form_token": {found[1]}, "token": {token}}); status >= 400 {
		t.Fatalf("signing in: %d %.2000s", status, page)
	}
	status, page := browse(t, cookies, http.MethodGet, base+"/tokens", nil)
	if status != http.StatusOK || !strings.Contains(page, "administrator") || anySecret.MatchString(page) {
		t.Errorf("the tokens: %d %.2000s", status, page)
	}
	if code := q.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// browse sends a request as a browser does that is on the console's site, and keeps the cookies of the answer.
func browse(t *testing.T, cookies map[string]string, method, at string, form url.Values) (status int, page string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	for _, c := range answer.Cookies() {
		cookies[c.Name] = c.Value
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
