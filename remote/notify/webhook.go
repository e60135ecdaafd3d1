package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// MinWebhookSecret is the least length of a secret, in bytes: below the digest's own length, HMAC gets weaker (RFC 2104).
const MinWebhookSecret = 32

// maxAnswer is how much of an answer is read so that the connection can be used again, in bytes.
const maxAnswer = 16 << 10

// webhookTimeout bounds one try, so that a slow receiver does not use up all that a dispatcher allows.
const webhookTimeout = 30 * time.Second

// Webhook is a receiver.
type Webhook struct {
	Name    string   // as Routes.Webhooks has it
	URL     Secret   // https; http only to this machine. Chat systems put secrets into addresses, so it never shows
	Secrets []Secret // one to four; a receiver has one of them
}

// WebhooksConfig is how webhooks are sent.
type WebhooksConfig struct {
	Receivers []Webhook
	Roots     *x509.CertPool // whose certificates the receivers' must come from; nil means those of the system
	// Now is the clock of the timestamps. nil means time.Now.
	Now func() time.Time
}

// Webhooks sends webhooks. It implements Sender.
type Webhooks struct {
	receivers map[string]*receiver
	now       func() time.Time
}

type receiver struct {
	url     string
	secrets []Secret
	way     http.RoundTripper
	gone    atomic.Bool // it has said that it wants nothing any more
}

// NewWebhooks checks the configuration. It does not connect. Its errors name a webhook and never show its address.
func NewWebhooks(c WebhooksConfig) (*Webhooks, error) {
	w := &Webhooks{receivers: map[string]*receiver{}, now: c.Now}
	if w.now == nil {
		w.now = time.Now
	}
	encrypted, local := newTransport(c.Roots, false), newTransport(nil, true)
	for _, hook := range c.Receivers {
		if _, taken := w.receivers[hook.Name]; taken || hook.Name == "" {
			return nil, fmt.Errorf("webhook %q: the name is empty or taken", hook.Name)
		}
		r := &receiver{url: hook.URL.text, secrets: hook.Secrets, way: encrypted}
		plaintext, err := check(hook)
		if err != nil {
			return nil, fmt.Errorf("webhook %q: %w", hook.Name, err)
		}
		if plaintext {
			r.way = local
		}
		w.receivers[hook.Name] = r
	}
	return w, nil
}

func check(hook Webhook) (plaintext bool, err error) {
	to, err := url.Parse(hook.URL.text)
	if err != nil || to.Hostname() == "" || to.User != nil || to.Fragment != "" {
		return false, errors.New("the address is not a plain one, such as https://example.com/hook")
	}
	if to.Scheme != "https" && to.Scheme != "http" {
		return false, errors.New("the address is not an https one")
	}
	if to.Scheme == "http" && to.Hostname() != "localhost" && !net.ParseIP(to.Hostname()).IsLoopback() {
		return false, errors.New("an http address is only for this machine")
	}
	if len(hook.Secrets) < 1 || len(hook.Secrets) > maxSignatures {
		return false, fmt.Errorf("there have to be 1 to %d secrets", maxSignatures)
	}
	for _, secret := range hook.Secrets {
		if len(secret.text) < MinWebhookSecret {
			return false, fmt.Errorf("a secret has to have at least %d bytes", MinWebhookSecret)
		}
	}
	return to.Scheme == "http", nil
}

// newTransport is used without an http.Client, and so follows no redirects: the next address has not been checked, and the
// signed body is not its business.
func newTransport(roots *x509.CertPool, local bool) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 20 * time.Second, MaxResponseHeaderBytes: maxAnswer,
		MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
	}
	if local {
		dialer.Control, transport.Proxy = onlyLoopback, nil
	}
	transport.DialContext = dialer.DialContext
	return transport
}

// ErrGone says that a receiver has answered 410: nothing is sent to it until the server starts anew or is reconfigured.
var ErrGone = errors.New("the receiver wants no webhooks any more (410)")

// Send implements Sender.
func (w *Webhooks) Send(ctx context.Context, d Delivery) error {
	to, ok := w.receivers[d.Target]
	if !ok {
		return errNoSender
	}
	if to.gone.Load() {
		return &Refusal{Cause: ErrGone, Final: true}
	}
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	body, err := payload(d)
	if err != nil {
		return &Refusal{Cause: err, Final: true}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(body))
	if err != nil {
		return &Refusal{Cause: errors.New("the address cannot be used"), Final: true}
	}
	request.GetBody = nil // a try is a try: the transport must not make a second one by itself
	timestamp := strconv.FormatInt(w.now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Doorward")
	request.Header.Set("Doorward-Delivery", d.ID)
	request.Header.Set("Doorward-Event", string(d.Notice.Event))
	request.Header.Set("Doorward-Timestamp", timestamp)
	request.Header.Set("Doorward-Signature", sign(to.secrets, timestamp, body))
	return to.post(request)
}

func (r *receiver) post(request *http.Request) error {
	response, err := r.way.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("sending the webhook: %w", showable(err))
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	switch {
	case response.StatusCode >= 200 && response.StatusCode < 300:
		return nil
	case response.StatusCode == http.StatusGone:
		r.gone.Store(true)
		return &Refusal{Cause: ErrGone, Final: true}
	default:
		return &Refusal{Cause: fmt.Errorf("the receiver answered %d", response.StatusCode), After: retryAfter(response.Header)}
	}
}

// errNoAnswer stands for every error that may repeat what the receiver has sent, and so the secret in its address.
var errNoAnswer = errors.New("no proper answer")

// showable are the errors that this side makes up by itself.
func showable(err error) error {
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return errNoAnswer
}

// retryAfter is what the receiver asks for, in seconds; a date is passed over, because its clock may be anything.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// payload is a webhook's body. Members may be added, and never change their meaning.
func payload(d Delivery) ([]byte, error) {
	n := d.Notice
	var expires *int64
	if !n.Expires.IsZero() {
		at := n.Expires.UnixMilli()
		expires = &at
	}
	return json.Marshal(struct {
		ID          string `json:"id"`
		Event       Event  `json:"event"`
		Timestamp   int64  `json:"timestamp"` // of the event, in ms since 1970, as are all times here
		RequestID   string `json:"requestId"`
		UserID      string `json:"userId"`
		Role        string `json:"role"`
		Days        int    `json:"requestedDays"`
		Reason      string `json:"reason"`
		Ticket      string `json:"ticket"`
		State       string `json:"state"`
		Actor       string `json:"actor"`
		Environment string `json:"environment"`
		Expires     *int64 `json:"expirationTimestamp"`
	}{d.ID, n.Event, n.Time.UnixMilli(), n.RequestID, n.User, n.Role, n.Days, n.Reason, n.Ticket, n.State, n.Actor, n.Environment, expires})
}
