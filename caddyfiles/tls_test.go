package caddyfiles_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTLS(t *testing.T) {
	metricsAddr := freeAddr(t)
	_, metricsPort, _ := net.SplitHostPort(metricsAddr)
	t.Setenv("DOORWARD_METRICS_PORT", metricsPort)
	g := start(t, "tls.Caddyfile")
	id, text := g.MintScopes("metrics.read")
	_, port, _ := net.SplitHostPort(g.TLSAddr)
	// The certificate is of an authority made for this run; that it is used at all is what matters here.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}

	get := func(url, host, token string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		if token != "" {
			request.Header.Set("Authorization", "Api-Token "+token)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	url := "https://localhost:" + port + "/api/v2/metrics/query"
	waitForCertificate(t, g.TLSAddr)
	if status, body := get(url, "", text); status != 200 || body != "upstream" {
		t.Errorf("got %d %s, want 200 upstream", status, body)
	}
	if status, _ := get(url+"?api-token="+text, "", ""); status != 401 {
		t.Errorf("got %d for a token in the query, want 401", status)
	}
	if status, _ := get("https://localhost:"+port+"/api/v2/"+text, "", text); status != 403 {
		t.Errorf("got %d for a token in the path, want 403", status)
	}
	if status, _ := get(url, "other.test", text); status != 421 {
		t.Errorf("got %d for another host, want 421", status)
	}
	_, metrics := get("http://"+metricsAddr+"/metrics", "", "")
	for _, want := range []string{
		`doorward_decisions_total{decision="allow",reason="allowed"} 1`,
		`doorward_decisions_total{decision="deny",reason="bad_credential"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	checkAccessLog(t, filepath.Join(g.Folder, "access.log"), id, text)
}

// waitForCertificate returns when the site has its certificate, which is made after the config was loaded.
func waitForCertificate(t *testing.T, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	dialer := &tls.Dialer{Config: &tls.Config{ServerName: "localhost", InsecureSkipVerify: true}}
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			t.Fatalf("the site has no certificate: %v", err)
		}
	}
}

// checkAccessLog looks for the attack that a log makes easy: whoever may read it takes the tokens out of it. A token
// occurs in it by its public part only, and the gate's own facts stand beside it.
func checkAccessLog(t *testing.T, file, id, text string) {
	t.Helper()
	log := read(t, file)
	if strings.Contains(log, strings.TrimPrefix(text, id+".")) {
		t.Error("the access log has the secret of a token")
	}
	for _, want := range []string{
		`"token_id":"` + id + `"`, `"endpoint":"GET /api/v2/metrics/query"`, `"decision":"allow"`, `"reason":"allowed"`,
		`"decision":"deny"`, `"reason":"bad_credential"`, "api-token=***", id + ".***",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the access log lacks %s", want)
		}
	}
}

// freeAddr is a port that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
