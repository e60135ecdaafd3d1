package console_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

// answering has some paths of the API answer with a text, and everything else as it does.
func answering(s *consoletest.Stage, texts map[string]string) {
	actual := s.API
	s.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text, ok := texts[r.URL.Path]; ok {
			_, _ = w.Write([]byte(text))
			return
		}
		actual.ServeHTTP(w, r)
	})
}

// part asks for a part of a page as the script does.
func part(s *consoletest.Stage, path string) *consoletest.Page {
	r := s.Request(http.MethodGet, path, nil)
	r.Header.Set("HX-Request", "true")
	return s.Send(r)
}

func TestOverview(t *testing.T) {
	s := consoletest.Start(t)
	s.SignIn(tokens.Attributes{Name: "reader", Scopes: []string{"metrics.read"}})
	s.Get("/tokens").Want(403)
	s.SignIn(tokens.Attributes{Name: "operator", Scopes: []string{"ServiceProviderAPI", "apiTokens.read", "auditLogs.read"}, Cluster: true, AllowUncreatable: true})
	s.Get("/overview").Want(404)
	page := s.Get("/").Want(200).Has(
		"Requests a minute", "allowed", "refused", "not decided", "Refusals a minute, by reason", "scope missing 1", "Time to decide", "or less for 99 % of the latest requests",
		"Answered by caches", "Revocation lag", "Store up now", "It answered all the time.", "This gateway", "Counting since", "All well",
	)
	for _, id := range []string{"requests", "refusals", "latency", "caches", "lag", "store"} {
		for _, whole := range []string{`aria-labelledby="` + id + `-title ` + id + `-text"`, `<desc id="` + id + `-text">Last hour. `, `<details id="` + id + `-values">`} {
			if !strings.Contains(page.Body, whole) {
				t.Errorf("the chart %s has no %s", id, whole)
			}
		}
	}
	if !strings.Contains(page.Body, `hx-get="/overview/figures" hx-trigger="every 10s, awake"`) {
		t.Error("the figures are not live")
	}
	ten := s.Get(page.Link("Last 10 minutes")).Want(200).Has("Requests in 10 seconds")
	if !strings.Contains(ten.Body, `hx-get="/overview/figures?last=10m"`) || ten.Link("CSV") != "/overview.csv?last=10m" {
		t.Error("the choice gets lost")
	}
	part(s, "/overview/figures?last=10m").Want(200).Has("Requests in 10 seconds").Lacks("<h1", "<html")
	part(s, "/overview/attention").Want(200).Has("All well").Lacks("<h1")
	if to := s.Get("/overview/figures?last=10m").Location(); to != "/?last=10m" {
		t.Errorf("somebody who opens the part is sent to %s", to)
	}
	if to := s.Get("/overview/attention").Location(); to != "/" {
		t.Errorf("somebody who opens the part is sent to %s", to)
	}
}

// What needs somebody is there, a gateway that is not well first, with where to go.
func TestAttention(t *testing.T) {
	s := consoletest.Start(t)
	soon := time.Now().Add(48 * time.Hour)
	id, _ := s.Mint("", tokens.Attributes{Name: "ends", Scopes: []string{"metrics.read"}, Expires: soon})
	s.Mint("", tokens.Attributes{Name: "ends later", Scopes: []string{"metrics.read"}, Expires: soon.Add(30 * 24 * time.Hour)})
	var requests []string
	for i := range 7 {
		requests = append(requests, fmt.Sprintf(`{"requestId":"r%d","userId":"staff%d <b>","state":%q,"createdTimestamp":1795334400000}`, i, i, []string{"PENDING", "ACCEPTED"}[i/6]))
	}
	answering(s, map[string]string{
		"/api/doorward/v1/health":               `{"ready":false,"problems":["store down for 12 s, nothing cached may serve since 10:05:12 UTC"]}`,
		"/api/doorward/v1/audit/chain":          `{"verification":{"state":"broken","break":{"logId":17,"kind":"digest","message":"event 17 is not what was written"}}}`,
		"/api/cluster/v2/remoteaccess/requests": "[" + strings.Join(requests, ",") + "]",
	})
	page := s.Get("/").Want(200).Has(
		"The audit trail was changed", "Event 17 is not what was written. The first such event is 17.",
		"The gateway is not ready", "Store down for 12 s, nothing cached may serve since 10:05:12 UTC.",
		"6 requests for remote access are pending", "staff4 <b>", "1 token expires within a week", "ends",
	).Lacks("staff5", "ends later", "All well", "<b>")
	if page.Link("ends") != "/tokens/"+id || page.Link("staff0 <b>") != "/remote-access/requests/r0" || page.Link("Decide") != "/remote-access" {
		t.Errorf("%v", page.Links())
	}
	if ready, pending := strings.Index(page.Body, "is not ready"), strings.Index(page.Body, "are pending"); ready > pending {
		t.Error("the gateway does not come first")
	}
	part(s, "/overview/attention").Want(200).Has("The gateway is not ready").Lacks("audit trail")
	answering(s, map[string]string{
		"/api/doorward/v1/health":      `{"ready":true,"problems":["policies could not be read since 10:05 UTC"]}`,
		"/api/doorward/v1/audit/chain": `{"verification":{"state":"unknown"}}`,
	})
	s.Get("/").Want(200).Has("The gateway works, with a problem", "Policies could not be read since 10:05 UTC.", "The audit trail could not be read")
	answering(s, map[string]string{"/api/doorward/v1/audit/chain": `{"verification":null,"running":{"read":1,"of":2}}`})
	s.Get("/").Want(200).Lacks("audit trail")
}

// A person without the right is told which one is missing, sees what is left, and is led on.
func TestOverviewWithoutTheRight(t *testing.T) {
	s := consoletest.Start(t)
	s.SignIn(tokens.Attributes{Name: "reader", Scopes: []string{"metrics.read"}})
	page := s.Get("/").Want(200).Has("Token is missing required scope", "ServiceProviderAPI", "Not looked at, because you may not see it: the gateway's health", "Go on with").Lacks("All well", "<svg class=\"chart\"")
	if page.Link("Access tokens") == "" {
		t.Error("there is no way on")
	}
	part(s, "/overview/figures").Want(200).Has("ServiceProviderAPI")
	s.Get("/overview.csv").Want(403).Has("ServiceProviderAPI")
	s.Get("/health").Want(403).Has("ServiceProviderAPI", "Sign in with a credential that has this right")
	s.Get("/health.json").Want(403)
	s.Get("/settings").Want(200).Has("settings.read", "remoteaccess.read", "Your sessions")
	s.Post("/settings/personal-tokens/on", nil).Want(403).Has("You may not do this", "settings.write")
}

// What is hostile is shown as it is: names, reasons that nobody knows, and a great number of them.
func TestHostileStatistics(t *testing.T) {
	s := consoletest.Start(t)
	const name = "</title><script>alert(1)</script>\u202e😀"
	refusals := map[string]int{}
	for i := range 40 {
		refusals[fmt.Sprint(name, i)] = i + 1
	}
	now := time.Now().UTC()
	text, err := json.Marshal(map[string]any{
		"gateway": map[string]any{"name": strings.Repeat(name, 300), "version": name, "started": "not a time"},
		"intervals": []map[string]any{{
			"from": now.Add(-time.Minute), "to": now, "requests": map[string]any{"deny": 820, "fault": uint64(1) << 63}, "refusals": refusals,
			"decisionSeconds": map[string]any{"p50": 1e-300, "p99": 1e300}, "revocationLagSeconds": 1e300,
		}, {"from": now.Add(-time.Hour), "to": now.Add(-2 * time.Hour)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	answering(s, map[string]string{"/api/doorward/v1/statistics": string(text)})
	page := s.Get("/").Want(200).Has(name+"39", "other reasons 630", "Store down now").Lacks("<script>alert")
	if bdi := page.All("bdi"); !strings.Contains(strings.Join(bdi, ""), strings.Repeat(name, 300)) {
		t.Error("the name is not there whole")
	}
	answering(s, map[string]string{"/api/doorward/v1/statistics": `{"intervals":[]}`})
	s.Get("/").Want(200).Has("0 decided in this time", "nothing was measured yet", "Nothing yet")
}

// The longest overview that there is, an hour with everything in every minute, is held to the size of all pages.
func TestLongOverview(t *testing.T) {
	s := consoletest.Start(t)
	var intervals []map[string]any
	end := time.Now().UTC().Truncate(time.Second)
	for i := range 61 {
		refusals := map[string]int{}
		for reason := range 24 {
			refusals[fmt.Sprintf("reason_%d", reason)] = 100*reason + i*i
		}
		intervals = append(intervals, map[string]any{
			"from": end.Add(time.Duration(i-61) * time.Minute), "to": end.Add(time.Duration(i-60) * time.Minute), "storeUp": i%7 > 0,
			"requests": map[string]any{"allow": 123456 * i, "deny": 1234 * i, "fault": 12 * i}, "refusals": refusals, "revocationLagSeconds": float64(i) / 13,
			"decisionSeconds": map[string]any{"p50": 1.234e-6 * float64(i+1), "p90": 4.321e-5 * float64(i+1), "p99": 1.1e-3 * float64(i+1)},
			"tokenCache":      map[string]any{"hits": 1000 + i, "stale": i, "misses": i}, "policyCache": map[string]any{"hits": 1000 - i, "misses": i * i},
		})
	}
	text, err := json.Marshal(map[string]any{"intervals": intervals, "state": map[string]any{"revocationLagSeconds": 7}})
	if err != nil {
		t.Fatal(err)
	}
	answering(s, map[string]string{"/api/doorward/v1/statistics": string(text)})
	s.Get("/").Want(200).Has("other reasons", "not decided", "It did not answer in 9 of 61 intervals.", "Store down now", "7 s", "older than usual")
}

func TestExportOfStatistics(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/tokens").Want(200)
	rows, err := csv.NewReader(strings.NewReader(s.Get("/overview.csv?last=10m").Want(200).Body)).ReadAll()
	if err != nil || len(rows) < 2 || rows[0][2] != "allowed" || rows[1][14] != "true" {
		t.Errorf("%v, %v", rows, err)
	}
	var all struct {
		Intervals []struct {
			Allowed int       `json:"allowed"`
			To      time.Time `json:"to"`
			P99     float64   `json:"decisionSecondsP99"`
		} `json:"intervals"`
	}
	if err := json.Unmarshal([]byte(s.Get("/overview.json").Want(200).Body), &all); err != nil || len(all.Intervals) == 0 {
		t.Fatalf("%+v, %v", all, err)
	}
	last := all.Intervals[len(all.Intervals)-1]
	if last.Allowed == 0 || last.P99 == 0 || time.Since(last.To) > time.Minute {
		t.Errorf("%+v", last)
	}
}

// A store that is away turns the live parts into a notice at their place: the page goes on asking.
func TestLivePartsWithoutStore(t *testing.T) {
	s := consoletest.Start(t)
	s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"error":{"code":503,"message":"The store did not answer."}}`))
	})
	part(s, "/overview/figures").Want(200).Has("The store did not answer.")
	part(s, "/overview/attention").Want(200).Has("Not looked at").Lacks("All well")
	part(s, "/health").Want(200).Has("The store did not answer.")
	s.Get("/").Want(503).Has("The store did not answer.", "Try again")
	s.Get("/settings").Want(503)
	s.Door.Admit("", "")
	for _, path := range []string{"/overview/figures", "/overview/attention", "/health"} {
		if to := part(s, path).Location(); to != "/signin" {
			t.Errorf("without a session %s leads to %s", path, to)
		}
	}
}

func TestHealth(t *testing.T) {
	s := consoletest.Start(t)
	page := s.Get("/health").Want(200).Has("Ready.", "sqlite", "Up", "Encryption keys", "tokens", "100,000", "https://doorward.local", "this gateway", "Where requests come in", "None is kept.")
	if !json.Valid([]byte(s.Get(page.Link("JSON")).Want(200).Body)) {
		t.Error("the file is no JSON")
	}
	part(s, "/health").Want(200).Has("Ready.").Lacks("<h1")
	const hostile = "https://issuer.test/<script>alert(1)</script>"
	now := time.Now().UTC().Format(time.RFC3339)
	answering(s, map[string]string{"/api/doorward/v1/health": `{"ready":false,"problems":["policies <b> could not be read"],"store":{"engine":"sqlite","up":false,"servingUntil":"` + now + `","revision":9},
		"policies":{"revision":7,"failingSince":"` + now + `"},"caches":[{"name":"x","entries":50,"bytes":3145728,"bytesLimit":6291456},{"name":"y","entries":1}],
		"issuers":[{"url":"` + hostile + `","keys":0}],"notifications":[{"channel":"mail","delivered":1,"givenUp":2}],"decisionLog":{"written":1,"dropped":3,"errors":4,"bytes":1048576},
		"signingKeys":[{"id":"k1","created":"2020-01-01T00:00:00Z","signsFrom":"2020-01-01T00:00:00Z"},{"id":"k2","created":"2020-01-02T00:00:00Z","signsFrom":"2020-01-02T00:00:00Z"},{"id":"k3","created":"2020-01-02T00:00:00Z","signsFrom":"2999-01-01T00:00:00Z"}],
		"sites":[{"hosts":[],"listen":["127.0.0.1:80"]}]}`})
	s.Get("/health").Want(200).Has("Not ready", "Policies <b> could not be read.", "Down", "Serving until", "Not read since", "6 MiB", "50 %", hostile,
		"Given up", "1 MiB", "k1Verifies", "k2Signs 20", "k3Signs later", "any", "none configured").Lacks("<script>alert", "<b>")
}

func TestSettings(t *testing.T) {
	s := consoletest.Start(t)
	page := s.Get("/settings").Want(200).Has("Personal tokens", "Off", "There is none.", "Remote access of support staff", "Your sessions", "Colours")
	ask := s.Get(page.Link("Turn on")).Want(200).Has("Take personal tokens?", "It can be undone")
	if to := s.Post("/settings/personal-tokens/on", ask.Form("/settings/personal-tokens/on")).Location(); to != "/settings?done=on" {
		t.Fatalf("leads to %s", to)
	}
	s.Post("/personal-tokens/new", url.Values{"name": {"mine"}, "scopes": {"metrics.read"}}).Want(http.StatusCreated)
	page = s.Get("/settings?done=on").Want(200).Has("Personal tokens are taken from now on.", "Undo", "1 personal token exists")
	s.Get(page.Link("Turn off")).Want(200).Has("Refuse personal tokens?", "1 personal token exists. Scripts that use them stop working.", "Cancel")
	s.Post("/settings/personal-tokens/off", page.Form("/settings/personal-tokens/off")).Want(303)
	s.Get("/settings?done=off").Want(200).Has("Off", "Personal tokens are refused from now on.")
	s.Get("/settings/personal-tokens/on").Want(200).Has("1 personal token that exists works again")
}
