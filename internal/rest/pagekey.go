package rest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// maxPageKey bounds a page key, in bytes.
const maxPageKey = 8 << 10

// PageKey writes where a listing goes on, with what it was asked for, as one opaque word for a query. It is no secret and
// gives no rights: whoever reads it back checks it as if it were the query itself. A place that is too long to come back
// in a query is refused with 400.
func PageKey(place any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // it would make six bytes of one
	if err := encoder.Encode(place); err != nil {
		return "", err
	}
	key := base64.RawURLEncoding.EncodeToString(bytes.TrimSpace(text.Bytes()))
	if len(key) > maxPageKey {
		return "", Errorf(http.StatusBadRequest, "The query is too long for an answer of several pages.")
	}
	return key, nil
}

// ReadPageKey reads a PageKey back. The error is 400 and names nextPageKey.
func ReadPageKey(key string, into any) error {
	if len(key) > maxPageKey || strings.ContainsAny(key, "\r\n") { // which the decoder would pass over
		return InvalidQuery("nextPageKey", "The page key is not one that was given out.")
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(key)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return InvalidQuery("nextPageKey", "The page key is not one that was given out.")
	}
	return nil
}
