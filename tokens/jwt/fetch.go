package jwt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxDocument bounds what is read of an answer, after decompression.
const maxDocument = 1 << 20

// newClient is the operator's client, or a new one, made to follow no redirects and keep no cookies: the keys come from
// the place that was configured, and from nowhere else.
func newClient(given *http.Client) *http.Client {
	client := &http.Client{}
	if given != nil {
		copied := *given
		client = &copied
	} else if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		own := standard.Clone()
		own.MaxResponseHeaderBytes = 64 << 10
		own.MaxIdleConnsPerHost, own.IdleConnTimeout = 1, time.Minute
		client.Transport = own
	}
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// fetchKeys asks the issuer for its keys, and before that where they are, unless the operator said so.
func (i *Issuer) fetchKeys(ctx context.Context, client *http.Client) (*keySet, error) {
	ctx, cancel := context.WithTimeout(ctx, i.FetchTimeout)
	defer cancel()
	place := i.JWKS
	if place == "" {
		var err error
		if place, err = i.discover(ctx, client); err != nil {
			return nil, fmt.Errorf("discovery: %w", err)
		}
	}
	document, err := get(ctx, client, place)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	set, err := parseKeySet(document)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return set, nil
}

// discover reads the issuer's metadata (OpenID Connect Discovery 1.0 section 4). It is done anew for every fetch, as keys
// may move.
func (i *Issuer) discover(ctx context.Context, client *http.Client) (string, error) {
	document, err := get(ctx, client, strings.TrimSuffix(i.URL, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	metadata, err := decodeObject(document, maxClaims)
	if err != nil {
		return "", err
	}
	// Section 4.3: otherwise one issuer could hand out another one's keys as its own.
	if metadata["issuer"] != i.URL {
		return "", errors.New("the metadata is of another issuer")
	}
	place, _ := metadata["jwks_uri"].(string)
	if err := CheckURL(place); err != nil {
		return "", fmt.Errorf("jwks_uri: %w", err)
	}
	// A remote issuer may not send us to our own machine's unencrypted ports.
	if strings.HasPrefix(i.URL, "https:") && !strings.HasPrefix(place, "https:") {
		return "", errors.New("jwks_uri leads away from https")
	}
	return place, nil
}

// get reads one small document. Its errors do not show the URL's query, which may have a key in it.
func get(ctx context.Context, client *http.Client, place string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
	if err != nil {
		return nil, errors.New("the URL cannot be used")
	}
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return nil, fmt.Errorf("%s does not answer: %w", request.URL.Host, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d (redirects are not followed)", request.URL.Host, response.StatusCode)
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("%s breaks off its answer: %w", request.URL.Host, err)
	}
	if len(document) > maxDocument {
		return nil, fmt.Errorf("%s answers with more than %d bytes", request.URL.Host, maxDocument)
	}
	return document, nil
}

// CheckURL admits absolute URLs of https, and of http to the own machine.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return errors.New("not an absolute URL") // the cause would repeat the text
	}
	switch {
	case u.User != nil || u.Fragment != "":
		return errors.New("a URL with a user or a fragment is not accepted")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("only https is accepted, or http to this machine: who can change the keys on the way can sign anything")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
