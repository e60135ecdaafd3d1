package console

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// windowSize is how many rows a page has of what the API lists as a whole.
const windowSize = 100

// window sorts what the API has listed as a whole, and cuts the page out of it that the address names. The keys of these
// pages are places in the listing.
func window[T any](l *Listing, all []T, orders map[string]func(a, b T) int) []T {
	order := cmp.Or(l.Get("sort"), l.Order)
	if by := orders[strings.TrimPrefix(order, "-")]; by != nil {
		slices.SortStableFunc(all, func(a, b T) int {
			if strings.HasPrefix(order, "-") {
				return by(b, a)
			}
			return by(a, b)
		})
	}
	from, err := strconv.Atoi(l.Key)
	if err != nil || from < 0 {
		from = 0
	}
	from = min(from, len(all))
	until := min(from+windowSize, len(all))
	if until < len(all) {
		l.Next = strconv.Itoa(until)
	}
	l.Total, l.Shown = len(all), until-from
	return all[from:until]
}

// byText orders texts as people look for them: without regard to case.
func byText(a, b string) int {
	return cmp.Or(byLetters(a, b), strings.Compare(a, b))
}

// byLetters compares without making texts in lower case, which takes longer than all else where there are many.
func byLetters(a, b string) int {
	for a != "" && b != "" {
		first, n := utf8.DecodeRuneInString(a)
		second, m := utf8.DecodeRuneInString(b)
		if d := unicode.ToLower(first) - unicode.ToLower(second); d != 0 {
			return int(d)
		}
		a, b = a[n:], b[m:]
	}
	return len(a) - len(b)
}

// mentions reports whether one of the texts has what somebody looks for, without regard to case.
func mentions(wanted string, texts ...string) bool {
	if wanted == "" {
		return true
	}
	wanted = strings.ToLower(wanted)
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(strings.ToLower(text), wanted) })
}

// chosenRows are those rows of an export that the filters leave.
func chosenRows[T any](rows []json.RawMessage, keep func(T) bool) ([]json.RawMessage, error) {
	var kept []json.RawMessage
	for _, row := range rows {
		var one T
		if err := json.Unmarshal(row, &one); err != nil {
			return nil, err
		}
		if keep(one) {
			kept = append(kept, row)
		}
	}
	return kept, nil
}
