package tokens

import (
	"fmt"
	"io"
	"log/slog"
)

// masked stands wherever a secret would.
const masked = "***"

// Secret is the whole text of a token. Every way of printing or encoding it gives "***"; Reveal is the only way out, and
// easy to search for. Its text is held behind a pointer because fmt walks into unexported fields without asking their
// methods, and then prints an address only.
type Secret struct {
	text *string
}

// NewSecret wraps a text that must not be printed.
func NewSecret(text string) Secret { return Secret{text: &text} }

// Reveal is the text itself, "" for the zero Secret. Call it where the text is shown to its owner, nowhere else.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String, GoString, Format, MarshalJSON, MarshalText and LogValue all hide the text.

func (s Secret) String() string               { return masked }
func (s Secret) GoString() string             { return masked }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, masked) }
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + masked + `"`), nil }
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(masked) }
