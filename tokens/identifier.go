package tokens

import (
	"context"
	"strings"

	"github.com/doorward/doorward/internal/fault"
)

// Identifier is what may be written down of a text that names a token, be it by its identifier or by its secret: the
// identifier, or "***" for a text that may be nothing but secret.
func Identifier(idOrSecret string) string {
	switch strings.Count(idOrSecret, ".") {
	case 0:
		if isUUID(idOrSecret) {
			return idOrSecret
		}
		return masked // perhaps an old-format token, which is secret as a whole
	case 1:
		return Mask(idOrSecret)
	}
	prefix, rest, _ := strings.Cut(idOrSecret, ".")
	public, _, _ := strings.Cut(rest, ".")
	return prefix + "." + public + "." + masked
}

// identifierOf is the identifier of the token that a text names. A text that may have a secret in it never gets to the
// store; a whole token counts only with the right secret.
func (s *Service) identifierOf(ctx context.Context, idOrSecret string) (string, error) {
	if strings.Count(idOrSecret, ".") == 1 {
		return idOrSecret, nil
	}
	r, err := s.Lookup(ctx, NewSecret(idOrSecret))
	if fault.KindOf(err) == fault.NotFound && isUUID(idOrSecret) {
		return idOrSecret, nil // an old-format token may look like an identifier; as such it is tried first
	}
	return r.ID, err
}
