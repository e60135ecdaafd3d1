package tokenapi

import (
	"strings"

	"github.com/doorward/doorward/internal/rest"
)

// fields is a set of the members that a token in a listing has.
type fields uint16

const (
	fieldID fields = 1 << iota
	fieldName
	fieldEnabled
	fieldPersonal
	fieldOwner
	fieldCreated
	fieldExpires
	fieldLastUsed
	fieldLastUsedIP
	fieldModified
	fieldMetadata
	fieldScopes
	fieldNetworks
	fieldStaff

	allFields     = 1<<iota - 1
	defaultFields = fieldID | fieldName | fieldEnabled | fieldOwner | fieldCreated
)

// fieldNames are the names of the fields, in the order of their bits.
var fieldNames = []string{
	"id", "name", "enabled", "personalAccessToken", "owner", "creationDate", "expirationDate", "lastUsedDate", "lastUsedIpAddress",
	"modifiedDate", "additionalMetadata", "scopes", "allowedNetworks", "staff",
}

// parseFields reads which fields are asked for.
//
//	fields = field { "," field }
//	field  = [ "+" | "-" ] name
//
// A name alone replaces the usual fields, "+" adds to them and "-" takes away, in the order in which they are written. The
// identifier is always there. A space stands for "+", since that is what a plus sign becomes that a client forgot to
// escape. The empty text is the usual fields. The error is a *rest.SyntaxError.
func parseFields(text string) (fields, error) {
	if text == "" {
		return defaultFields, nil
	}
	set, add, replaced, position := defaultFields, fields(0), false, 1
	for word := range strings.SplitSeq(text, ",") {
		name := strings.TrimLeft(word, "+- ")
		field, ok := fieldNamed(name)
		if !ok || len(word)-len(name) > 1 {
			return 0, &rest.SyntaxError{At: position, Message: "expected one of " + strings.Join(fieldNames, ", ") + ", with + or - before it or nothing"}
		}
		switch {
		case word[0] == '-':
			set, add = set&^field, add&^field
		case word == name && !replaced:
			// What was added before the first plain name was asked for as well.
			set, replaced = add|field, true
		default:
			set, add = set|field, add|field
		}
		position += len(word) + 1
	}
	return set | fieldID, nil
}

func fieldNamed(name string) (fields, bool) {
	for i, known := range fieldNames {
		if name == known {
			return 1 << i, true
		}
	}
	return 0, false
}

// String is a text that parseFields reads back.
func (f fields) String() string {
	var names []string
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}
