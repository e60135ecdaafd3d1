package tokens_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/doorward/doorward/tokens"
)

// Attack: a secret is logged by accident, as a value, in a struct, behind a pointer, by any logger or encoder.
// Fix: the types that carry one have no method that prints it. Invariant: whatever the way out, the text is not in it.
func TestSecretsDoNotPrint(t *testing.T) {
	const text = "the quick brown fox"
	type exported struct {
		S tokens.Secret
		C tokens.Credential
		M tokens.Minted
	}
	secret := tokens.NewSecret(text)
	credential := tokens.Credential{Scheme: tokens.Bearer, Text: text}
	whole := exported{secret, credential, tokens.Minted{ID: "dt0c01.A", Secret: secret}}
	values := []any{
		secret, &secret, credential, &credential, whole, &whole, []any{secret, credential}, map[string]any{"s": secret},
		tokens.Created{Secret: secret}, tokens.ImportRequest{Text: secret},
		struct{ hidden tokens.Secret }{secret}, // fmt asks no methods of an unexported field
	}
	for _, value := range values {
		for _, out := range printed(t, value) {
			if strings.Contains(out, "quick") || strings.Contains(out, fmt.Sprintf("%x", text)) {
				t.Errorf("%T prints its text", value)
			}
		}
	}
	if secret.Reveal() != text || (tokens.Secret{}).Reveal() != "" {
		t.Error("Reveal does not reveal")
	}
	// fmt takes this verb for a mistake, and then asks no methods at all.
	if wrong := "%p"; strings.Contains(fmt.Sprintf(wrong, secret), "quick") {
		t.Error("Secret prints its text where it is misused")
	}
	if got := fmt.Sprint(credential, secret); got != "Bearer *** ***" {
		t.Errorf("printed as %q", got)
	}
}

func printed(t *testing.T, value any) (out []string) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		out = append(out, fmt.Sprintf(verb, value))
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Errorf("%T: %v", value, err)
	}
	var text, lines bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "value", value)
	slog.New(slog.NewJSONHandler(&lines, nil)).Info("x", "value", value)
	return append(out, string(asJSON), text.String(), lines.String())
}

func TestSecretAsXML(t *testing.T) {
	type Reply struct{ S tokens.Secret }
	out, err := xml.Marshal(Reply{tokens.NewSecret("the quick brown fox")})
	if err != nil || strings.Contains(string(out), "quick") {
		t.Errorf("%v: %d bytes", err, len(out))
	}
}
