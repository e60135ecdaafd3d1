package console

import (
	"net/http"
	"strings"
)

// needsKey is for pages of what is kept encrypted. A gateway without an encryption key answers as if its store were away,
// which trying again would not mend, so the page says what does.
func needsKey(do serve) serve {
	return func(v *visit) error {
		err := do(v)
		if r := refused(err); r != nil && r.Status == http.StatusServiceUnavailable && strings.Contains(r.Message, "encryption_key") {
			v.trouble(r.Status, trouble{
				Title: "This is switched off", Message: r.Message,
				Hint: "Make a key with doorward key create, name its file with the global option encryption_key, and load the config again.",
			})
			return nil
		}
		return err
	}
}
