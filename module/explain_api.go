package module

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// explainOperations are the API of Explain. Tokens go by their identifiers: nothing here takes a secret, or tells one.
func (a *API) explainOperations() []rest.Operation {
	return []rest.Operation{{Method: http.MethodPost, Path: "/api/doorward/v1/explain", Serve: a.explain}}
}

// explainBody is a request that is to be explained.
type explainBody struct {
	TokenID     string            `json:"tokenId"`
	User        string            `json:"user"`
	Method      string            `json:"method"`
	Target      string            `json:"target"`
	Host        string            `json:"host"`
	Headers     map[string]string `json:"headers"`
	Body        *string           `json:"body"`
	Address     string            `json:"address"`
	Environment string            `json:"environment"`
}

// Bounds of a request that is to be explained; its body is bounded by that of the call.
const (
	maxExplainedTarget  = 16 << 10
	maxExplainedHeaders = 100
	maxExplainedText    = 8 << 10
	maxMethod           = 32
)

// credentialHeaders carry secrets in any form, a token of the old format among them.
var credentialHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie"}

func (a *API) explain(w http.ResponseWriter, call *rest.Call) error {
	var body explainBody
	if err := call.Read(&body); err != nil {
		return err
	}
	request, err := body.request()
	if err != nil {
		return err
	}
	if err := a.mayExplain(call, request); err != nil {
		return err
	}
	explained, err := a.rehearse(call.Context(), request)
	if err != nil {
		return fault.OfStore(err, "The request could not be explained.")
	}
	// Policies and users of another account are not the caller's to ask about.
	if of, known := a.own.accounts.AccountOf(explained.Record.Environment); known && of != call.Account {
		return fault.New(fault.Forbidden, "The request is for an environment of another account.", nil)
	}
	return rest.Write(w, http.StatusOK, explained)
}

// mayExplain asks for what the row cannot: whoever has a token's request explained learns its scopes, so reading tokens must be
// among the rights, and the token one of the environment that is asked in.
func (a *API) mayExplain(call *rest.Call, r ExplainRequest) error {
	if r.TokenID == "" {
		return nil
	}
	if err := mayReadTokens(call.Context(), call); err != nil {
		return err
	}
	record, err := a.app.gate.store.Token(call.Context(), r.TokenID)
	if err == nil && (record.ActiveGate != "" || !slices.Contains(tokens.EnvironmentsOf(record), call.Caller.Environment)) {
		err = tokens.ErrNotFound
	}
	return fault.OfStore(err, "The store did not answer.", fault.Meaning{
		Err: tokens.ErrNotFound, Kind: fault.NotFound, Public: "There is no such token.",
	})
}

// readsTokens are the scopes that the row of a token asks for.
var readsTokens = []string{"apiTokens.read", "environment-api:api-tokens:read", "api-tokens:tokens:read"}

// permitReadingTokens are the permissions of that row, of which a caller that acts for a user needs one.
var permitReadingTokens = []string{"environment:roles:viewer", "api-tokens:tokens:read"}

func mayReadTokens(ctx context.Context, call *rest.Call) error {
	if !slices.ContainsFunc(readsTokens, call.Caller.Holds) {
		return fault.New(fault.Forbidden, "What a token may do is for those to know who may read tokens: the scope apiTokens.read is missing.", nil)
	}
	if !call.Caller.ActsForUser {
		return nil
	}
	for _, permission := range permitReadingTokens {
		if permitted, err := call.Permits(ctx, permission); permitted || err != nil {
			return err
		}
	}
	return fault.New(fault.Forbidden, "What a token may do is for those to know who may read tokens: the user lacks the permission environment:roles:viewer.", nil)
}

// request checks what was sent as far as Explain leaves it to its callers. A text is never repeated: it may be a secret.
func (b *explainBody) request() (ExplainRequest, error) {
	r := ExplainRequest{
		TokenID: b.TokenID, User: b.User, Method: b.Method, Target: b.Target, Host: b.Host, Address: b.Address,
		Environment: b.Environment, Header: http.Header{},
	}
	if b.Body != nil {
		r.Body = []byte(*b.Body)
	}
	for _, check := range []func(*ExplainRequest) error{b.checkWhose, b.checkRequest, b.readHeaders} {
		if err := check(&r); err != nil {
			return ExplainRequest{}, err
		}
	}
	return r, nil
}

func (b *explainBody) checkWhose(r *ExplainRequest) error {
	for name, text := range map[string]string{
		"tokenId": b.TokenID, "user": b.User, "target": b.Target, "host": b.Host, "environment": b.Environment, "body": string(r.Body),
	} {
		switch {
		case tokens.Mask(text) != text:
			return rest.Invalid(name, "This holds the secret of a token, which is known to others now: replace it. A token goes by its identifier here.")
		case name != "body" && name != "target" && len(text) > maxExplainedText:
			return rest.Invalid(name, "Expected at most %d bytes.", maxExplainedText)
		}
	}
	if (b.TokenID == "") == (b.User == "") {
		return rest.Invalid("tokenId", "Expected either tokenId or user.")
	}
	return nil
}

func (b *explainBody) checkRequest(*ExplainRequest) error {
	switch {
	case !isMethod(b.Method):
		return rest.Invalid("method", "Expected a method such as GET.")
	case len(b.Target) > maxExplainedTarget || !strings.HasPrefix(b.Target, "/"):
		return rest.Invalid("target", "Expected a path such as /api/v2/settings/objects?schemaIds=a, of at most %d bytes.", maxExplainedTarget)
	}
	if _, err := netip.ParseAddr(b.Address); err != nil && b.Address != "" {
		return rest.Invalid("address", "Expected an IP address.")
	}
	return nil
}

func isMethod(text string) bool {
	return text != "" && len(text) <= maxMethod && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func (b *explainBody) readHeaders(r *ExplainRequest) error {
	if len(b.Headers) > maxExplainedHeaders {
		return rest.Invalid("headers", "Expected at most %d headers.", maxExplainedHeaders)
	}
	for name, value := range b.Headers {
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case len(name) > maxExplainedText || !isHeaderName(name) || len(value) > maxExplainedText || strings.ContainsFunc(value, isControl):
			return rest.Invalid("headers", "Expected names and values of headers.")
		case slices.Contains(credentialHeaders, canonical) || tokens.Mask(value) != value:
			return rest.Invalid("headers", "A header holds a credential. A token goes by its identifier here.")
		case r.Header[canonical] != nil:
			return rest.Invalid("headers", "A header is given twice.")
		}
		r.Header[canonical] = []string{value}
	}
	return nil
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
