package session

import "encoding/base64"

// Encoded is bytes as a cookie has them.
func Encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
