package tokenapi

import (
	"strings"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// order is in which order tokens are listed.
type order struct {
	by         tokens.Sort
	descending bool
}

// orderNames are the fields to order by.
var orderNames = map[string]tokens.Sort{
	"name": tokens.SortName, "lastUsedDate": tokens.SortLastUsed, "creationDate": tokens.SortCreated,
	"expirationDate": tokens.SortExpires, "modifiedDate": tokens.SortModified,
}

// parseOrder reads an order: a field with "-" before it for the reverse, with "+" (or the space that an unescaped plus
// sign becomes) or nothing otherwise. The empty text is the newest first. The
// error is a *rest.SyntaxError.
func parseOrder(text string) (order, error) {
	if text == "" {
		return order{by: tokens.SortCreated, descending: true}, nil
	}
	name, descending := strings.CutPrefix(text, "-")
	if !descending && (text[0] == '+' || text[0] == ' ') {
		name = text[1:]
	}
	by, ok := orderNames[name]
	if !ok {
		const names = "name, lastUsedDate, creationDate, expirationDate, modifiedDate"
		return order{}, &rest.SyntaxError{At: 1, Message: "expected one of " + names + ", with + or - before it or nothing"}
	}
	return order{by, descending}, nil
}

// String is a text that parseOrder reads back.
func (o order) String() string {
	for name, by := range orderNames {
		if by == o.by && o.descending {
			return "-" + name
		} else if by == o.by {
			return name
		}
	}
	return ""
}
