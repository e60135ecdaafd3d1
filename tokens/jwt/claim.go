package jwt

import (
	"encoding/json"
	"strconv"
)

// Claim gives the values of one claim as texts, nil where it is missing or has another shape: a text, a number as it is
// written, a truth value, or a list of these. A list with anything else in it is not read in part: what is left out might
// be the value that a policy refuses. The name is read like those of Issuer.
func (id *Identity) Claim(name string) []string {
	value, has := find(id.Claims, name)
	if !has {
		return nil
	}
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	texts := make([]string, 0, len(list))
	for _, entry := range list {
		text, ok := claimText(entry)
		if !ok {
			return nil
		}
		texts = append(texts, text)
	}
	return texts
}

func claimText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// Check says what is wrong with an issuer, nil for one that NewVerifier takes. It asks nobody.
func (i Issuer) Check() error {
	_, err := i.completed()
	return err
}
