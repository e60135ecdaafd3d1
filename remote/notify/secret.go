package notify

import (
	"fmt"
	"io"
)

// Secret is a password or a key for signatures. However it is printed or encoded, it does not show.
type Secret struct{ text string }

// NewSecret wraps a secret as soon as it has been read.
func NewSecret(text string) Secret { return Secret{text} }

// Format writes a placeholder, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "[secret]") }

// MarshalText is the placeholder too.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }
