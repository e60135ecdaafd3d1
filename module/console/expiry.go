package console

import "strings"

// Expiry is a choice of when something ends, for the part "expiry": presets, and a date.
type Expiry struct {
	Field   Field
	Date    Field
	Presets []Choice
}

// expiry is what was chosen, with what the API says of the date beside it.
func (f *form) expiry(presets []Choice) Expiry {
	e := Expiry{Field: f.Field("expires", "Expires", ""), Date: f.Field("date", "Date and time, in UTC", ""), Presets: presets}
	e.Field.Errors = f.errors("expirationDate")
	return e
}

// expires is what a form says to the API, nil for never.
func (f *form) expires() any {
	switch chosen := f.text("expires"); chosen {
	case "":
		return nil
	case ownDate:
		return strings.TrimSuffix(f.text("date"), "Z")
	default:
		return chosen
	}
}
