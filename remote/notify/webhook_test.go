package notify_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/remote/notify"
)

var (
	secret = notify.NewSecret(strings.Repeat("new secret ", 4))
	older  = notify.NewSecret(strings.Repeat("old secret ", 4))
)

const hiddenPath = "/services/T000/very-secret-path"

func hookDelivery() notify.Delivery {
	d := mailDelivery()
	d.Channel, d.Target = notify.ByWebhook, "chat"
	return d
}

// hooks sends to a TLS server of the test.
func hooks(t *testing.T, server *httptest.Server) *notify.Webhooks {
	t.Helper()
	roots := x509.NewCertPool()
	if server.Certificate() != nil {
		roots.AddCert(server.Certificate())
	}
	w, err := notify.NewWebhooks(notify.WebhooksConfig{
		Receivers: []notify.Webhook{{Name: "chat", URL: notify.NewSecret(server.URL + hiddenPath), Secrets: []notify.Secret{secret, older}}},
		Roots:     roots, Now: func() time.Time { return moment },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWebhookArrives(t *testing.T) {
	for name, start := range map[string]func(http.Handler) *httptest.Server{"https": httptest.NewTLSServer, "http on this machine": httptest.NewServer} {
		t.Run(name, func(t *testing.T) {
			var body []byte
			var request *http.Request
			server := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				request = r
				body, _ = io.ReadAll(r.Body)
				w.WriteHeader(http.StatusAccepted)
			}))
			defer server.Close()
			d := hookDelivery()
			if err := hooks(t, server).Send(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			h := request.Header
			if request.Method != http.MethodPost || h.Get("Content-Type") != "application/json" || h.Get("Doorward-Delivery") != d.ID || h.Get("Doorward-Event") != "remote_access.created" {
				t.Errorf("%s %v", request.Method, h)
			}
			for _, s := range []notify.Secret{secret, older} {
				if err := notify.Verify(s, h.Get("Doorward-Timestamp"), h.Get("Doorward-Signature"), body, moment); err != nil {
					t.Error(err)
				}
			}
			if want, _ := notify.Payload(d); string(want) != string(body) {
				t.Errorf("%s", body)
			}
		})
	}
}

// TestVerify. The attack: a webhook is changed, made up, or sent again later. The invariant: only what was signed with the
// secret, for this timestamp and body, within the window, is taken.
func TestVerify(t *testing.T) {
	stamp, body := strconv.FormatInt(moment.Unix(), 10), []byte(`{"event":"x"}`)
	good := notify.Sign([]notify.Secret{secret}, stamp, body)
	for name, test := range map[string]struct {
		secret           notify.Secret
		stamp, signature string
		body             string
		now              time.Time
		good             bool
	}{
		"good":                {secret, stamp, good, string(body), moment, true},
		"among others":        {secret, stamp, "v0=zz, v2=00," + good, string(body), moment, true},
		"slow":                {secret, stamp, good, string(body), moment.Add(notify.ReplayWindow), true},
		"sent again":          {secret, stamp, good, string(body), moment.Add(notify.ReplayWindow + time.Second), false},
		"from the future":     {secret, stamp, good, string(body), moment.Add(-notify.ReplayWindow - time.Second), false},
		"new stamp":           {secret, strconv.FormatInt(moment.Unix()+1, 10), good, string(body), moment, false},
		"other secret":        {older, stamp, good, string(body), moment, false},
		"other body":          {secret, stamp, good, string(body) + " ", moment, false},
		"moved stop":          {secret, stamp[:9], good, stamp[9:] + "." + string(body), moment, false},
		"no signature":        {secret, stamp, "", string(body), moment, false},
		"half a signature":    {secret, stamp, good[:20], string(body), moment, false},
		"no stamp":            {secret, "", good, string(body), moment, false},
		"endless time":        {secret, "9223372036854775807", good, string(body), moment, false},
		"too many signatures": {secret, stamp, strings.Repeat("v1=00,", 1000) + good, string(body), moment, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := notify.Verify(test.secret, test.stamp, test.signature, []byte(test.body), test.now)
			if (err == nil) != test.good || err != nil && !errors.Is(err, notify.ErrSignature) {
				t.Error(err)
			}
		})
	}
}

// TestWebhookReceiverMisbehaves: a redirect would hand the signed body to an address that nobody has checked, and a receiver
// that repeats its own address must not get it into a log.
func TestWebhookReceiverMisbehaves(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		final  bool
		after  time.Duration
	}{
		"error":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, false, 0},
		"not found": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, false, 0},
		"gone":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }, true, 0},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, false, 0},
		"bad address": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", ":"+r.URL.Path)
			w.WriteHeader(http.StatusFound)
		}, false, 0},
		"busy": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, false, 90 * time.Second},
		"drops":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, 0},
		"not HTTP": {func(w http.ResponseWriter, r *http.Request) { hijack(w, "HTTP/1.1 "+r.URL.Path+"\r\n\r\n") }, false, 0},
		"vast headers": {func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("x", 1<<20)+"\r\n\r\n")
		}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if calls++; r.URL.Path != hiddenPath {
					t.Errorf("called at %s", r.URL.Path)
				}
				test.answer(w, r)
			}))
			defer server.Close()
			w := hooks(t, server)
			err := w.Send(t.Context(), hookDelivery())
			refusal, _ := errors.AsType[*notify.Refusal](err)
			if err == nil || (refusal != nil && refusal.Final) != test.final || refusal != nil && refusal.After != test.after {
				t.Fatalf("%#v", err)
			}
			if strings.Contains(err.Error(), "secret-path") {
				t.Errorf("the address shows: %v", err)
			}
			if test.final {
				if err := w.Send(t.Context(), hookDelivery()); !errors.Is(err, notify.ErrGone) {
					t.Error(err)
				}
			}
			if calls != 1 {
				t.Errorf("%d calls", calls)
			}
		})
	}
}

func hijack(w http.ResponseWriter, answer string) {
	conn, _, _ := w.(http.Hijacker).Hijack()
	io.WriteString(conn, answer)
	conn.Close()
}

// TestEndlessAnswer: a receiver that has accepted may talk as long as it likes; nobody listens.
func TestEndlessAnswer(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := hooks(t, server).Send(ctx, hookDelivery()); err != nil {
		t.Error(err)
	}
}

func TestSilentReceiver(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		<-r.Context().Done()
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := hooks(t, server).Send(ctx, hookDelivery()); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestUnknownCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	w, err := notify.NewWebhooks(notify.WebhooksConfig{Receivers: []notify.Webhook{{Name: "chat", URL: notify.NewSecret(server.URL), Secrets: []notify.Secret{secret}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), hookDelivery()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Error(err)
	}
}

func TestWebhooksConfig(t *testing.T) {
	for name, hook := range map[string]notify.Webhook{
		"http":         {Name: "x", URL: notify.NewSecret("http://example.com" + hiddenPath), Secrets: []notify.Secret{secret}},
		"ftp":          {Name: "x", URL: notify.NewSecret("ftp://example.com" + hiddenPath), Secrets: []notify.Secret{secret}},
		"no host":      {Name: "x", URL: notify.NewSecret("https://" + hiddenPath), Secrets: []notify.Secret{secret}},
		"user":         {Name: "x", URL: notify.NewSecret("https://u:very-secret-path@example.com"), Secrets: []notify.Secret{secret}},
		"broken":       {Name: "x", URL: notify.NewSecret("https://example.com/very-secret-path\x7f"), Secrets: []notify.Secret{secret}},
		"no secret":    {Name: "x", URL: notify.NewSecret("https://example.com" + hiddenPath)},
		"short secret": {Name: "x", URL: notify.NewSecret("https://example.com" + hiddenPath), Secrets: []notify.Secret{notify.NewSecret("very-secret-path")}},
		"no name":      {URL: notify.NewSecret("https://example.com" + hiddenPath), Secrets: []notify.Secret{secret}},
	} {
		_, err := notify.NewWebhooks(notify.WebhooksConfig{Receivers: []notify.Webhook{hook}})
		if err == nil || strings.Contains(err.Error(), "secret-path") {
			t.Errorf("%s: %v", name, err)
		}
		if text := fmt.Sprintf("%v %+v %#v", hook, hook, hook); strings.Contains(text, "secret-path") {
			t.Errorf("%s: the address shows: %s", name, text)
		}
	}
}
