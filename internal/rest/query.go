package rest

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/doorward/doorward/internal/instant"
)

// maxViolations bounds the answer to a query in which everything is wrong.
const maxViolations = 100

// Query reads the query parameters of a call and collects what is wrong with them.
type Query struct {
	values     url.Values
	violations []Violation
}

// Query is the call's. Parameters that nobody asks for are passed over.
func (c *Call) Query() *Query {
	values, err := url.ParseQuery(c.URL.RawQuery)
	q := &Query{values: values}
	if err != nil {
		q.Refuse("query", "The query is malformed.")
	}
	return q
}

// Refuse notes that a parameter is wrong. After the first hundred nothing more is noted.
func (q *Query) Refuse(name, message string) {
	if len(q.violations) >= maxViolations {
		return
	}
	q.violations = append(q.violations, Violation{Path: name, Message: message, ParameterLocation: InQuery, Location: name})
}

// Err is 400 with all that was found wrong so far, nil where nothing was.
func (q *Query) Err() error {
	if len(q.violations) == 0 {
		return nil
	}
	return violated(q.violations...)
}

// Has reports whether a parameter is given, be it empty.
func (q *Query) Has(name string) bool { return q.values.Has(name) }

// Names counts the parameters that are given.
func (q *Query) Names() int { return len(q.values) }

// Text is the value of a parameter that may be given once, "" where it is not.
func (q *Query) Text(name string) string {
	if len(q.values[name]) > 1 {
		q.Refuse(name, "The parameter is given more than once.")
	}
	return q.values.Get(name)
}

// All are the values of a parameter that may be given several times.
func (q *Query) All(name string) []string { return q.values[name] }

// Number is a parameter between two bounds, and usual where it is not given.
func (q *Query) Number(name string, usual, least, most int) int {
	text := q.Text(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		q.Refuse(name, "Expected a number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most)+".")
		return usual
	}
	return n
}

// Bool is a parameter that is true or false, and false where it is not given.
func (q *Query) Bool(name string) bool {
	switch q.Text(name) {
	case "", "false":
		return false
	case "true":
		return true
	}
	q.Refuse(name, "Expected true or false.")
	return false
}

// Instant is a parameter that is a point in time, in any form of instant.Parse, and zero where it is not given.
func (q *Query) Instant(name string, now time.Time) time.Time {
	text := q.Text(name)
	if text == "" {
		return time.Time{}
	}
	at, ok := instant.Parse(text, now)
	if !ok {
		q.Refuse(name, "Expected a time such as 2027-01-25T05:57:01.123+01:00 (UTC without a zone), UTC milliseconds, or now-2h with one of the units m h d w M y.")
	}
	return at
}

// Criteria is a parameter that is a selector or filter, and nil where it is not given.
func (q *Query) Criteria(name string) []Criterion {
	criteria, err := ParseCriteria(q.Text(name))
	if err != nil {
		q.Refuse(name, err.Error())
	}
	return criteria
}

// OnlyPageKey is the value of nextPageKey, which carries everything that the first page was asked with: any parameter
// beside it is refused. "" for a first page.
func (q *Query) OnlyPageKey() string {
	key := q.Text("nextPageKey")
	if key == "" {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		if name != "nextPageKey" {
			q.Refuse(name, "With nextPageKey no other parameter may be given.")
		}
	}
	return key
}
