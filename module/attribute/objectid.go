package attribute

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// An object of the settings API is named by the unpadded base64url form of: a magic number, a version, then four texts,
// each with its length before it in two bytes, big-endian: the schema, the type and the identifier of the scope, and the
// identifier of the object. Identifiers in circulation end with the magic number once more; those described end without.
const (
	settingsMagic   = "\xbe\xef\x54\xde\x15\xda\xde\xad"
	settingsVersion = "\x00\x00\x00\x01"
)

// settingsObject is what an identifier says.
type settingsObject struct{ schemaID, scopeType, scopeID, objectID string }

// parseSettingsObject accepts only what it understands to the last bit: an identifier that can be written in two ways
// would be decided on by one reading and looked up by the other.
func parseSettingsObject(text string) (settingsObject, bool) {
	var room [512]byte
	// The library passes over line breaks wherever they stand.
	if strings.ContainsAny(text, "\r\n") {
		return settingsObject{}, false
	}
	data, err := base64.RawURLEncoding.Strict().AppendDecode(room[:0], []byte(text))
	rest, ok := strings.CutPrefix(string(data), settingsMagic+settingsVersion)
	if err != nil || !ok {
		return settingsObject{}, false
	}
	var parts [4]string
	for i := range parts {
		if parts[i], rest, ok = cutText(rest); !ok {
			return settingsObject{}, false
		}
	}
	if rest != "" && rest != settingsMagic {
		return settingsObject{}, false
	}
	return settingsObject{parts[0], parts[1], parts[2], parts[3]}, true
}

// cutText cuts one text off. An empty or unreadable one makes the identifier none.
func cutText(data string) (text, rest string, ok bool) {
	if len(data) < 2 {
		return "", "", false
	}
	length := int(binary.BigEndian.Uint16([]byte(data[:2])))
	data = data[2:]
	if length > len(data) || !readable(data[:length]) {
		return "", "", false
	}
	return data[:length], data[length:], true
}

// scope is the scope as the API's other parameters spell it: "environment" for the whole environment, which an
// identifier calls the tenant, otherwise type and identifier as in HOST-1D9CAFF0F2E35AB6.
func (o settingsObject) scope() (string, bool) {
	switch {
	case o.scopeType != "tenant":
		return o.scopeType + "-" + o.scopeID, true
	case o.scopeID == "tenant":
		return "environment", true
	}
	return "", false
}

// settingsField is the decoder settings-object-id. All its fields are known or none is.
func settingsField(text string, field int) (string, bool) {
	o, ok := parseSettingsObject(text)
	scope, scoped := o.scope()
	if !ok || !scoped {
		return "", false
	}
	return [...]string{o.schemaID, scope}[field], true
}
