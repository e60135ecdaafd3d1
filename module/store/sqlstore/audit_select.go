package sqlstore

import (
	"reflect"
	"slices"

	"github.com/doorward/doorward/module/store/query"
)

// A page of the trail is in the order of identifiers and not of times: clocks of several nodes differ, and two events can
// share a millisecond.

// auditPage reads events of an environment and those of none as two lists that SQLite merges, each by its index.
func auditPage(d Dialect, q query.Audit, limit int) (string, []any) {
	direction := " DESC"
	if q.OldestFirst {
		direction = ""
	}
	var arms []arm
	for _, c := range auditArms(d.Key, q) {
		boundPage(&c, q)
		arms = append(arms, armOf(selectEvent, c))
	}
	return d.merged(arms, ` ORDER BY id`+direction, limit)
}

// boundPage says between which identifiers a page is. The bounds in time give bounds of the identifier too, so that a page
// ends where the time does and does not look for more through the whole trail. On the side from which the page goes on, its
// place is the only bound: of two, SQLite would begin at either.
func boundPage(c *conditions, q query.Audit) {
	span := auditSpan(q)
	goesOn := q.After != 0
	if goesOn && q.OldestFirst {
		c.add("id > ?", q.After)
	} else if len(span.texts) > 0 {
		c.add("id >= (SELECT min(id) FROM audit_events"+span.where()+")", span.values...)
	}
	if goesOn && !q.OldestFirst {
		c.add("id < ?", q.After)
	} else if len(span.texts) > 0 {
		c.add("id <= (SELECT max(id) FROM audit_events"+span.where()+")", span.values...)
	}
	for i, text := range span.texts {
		c.add("+"+text, span.values[i]) // the plus keeps SQLite from reading by time and sorting
	}
}

func auditCount(key func(string) string, q query.Audit) (string, []any) {
	q.OldestFirst, q.After, q.Limit = false, 0, 0
	var arms []arm
	span := auditSpan(q)
	for _, c := range auditArms(key, q) {
		c.texts, c.values = append(c.texts, span.texts...), append(c.values, span.values...)
		arms = append(arms, armOf(`SELECT count(*) AS n FROM audit_events`, c))
	}
	if wholeSpan := (query.Audit{Environment: q.Environment, From: q.From, To: q.To}); len(span.texts) > 0 && reflect.DeepEqual(q, wholeSpan) {
		arms = []arm{countWithin(key, q.Environment, span)}
	}
	text, values := together(arms)
	return `SELECT sum(n) FROM (` + text + `) AS arms`, values
}

// countWithin is what an environment has within a time, all of it in the index of times.
func countWithin(key func(string) string, environment string, span conditions) arm {
	c := conditions{key: key, texts: slices.Clone(span.texts), values: slices.Clone(span.values)}
	switch {
	case environment == "":
	case key == nil:
		c.add("+environment IN (?, '')", environment) // the plus keeps SQLite from looking up the time of each
	default:
		c.add("environment IN (?, '')", environment)
	}
	return armOf(`SELECT count(*) AS n FROM audit_events`, c)
}

// maxLists bounds how many actions or actors are lists of their own. More are looked for among all events.
const maxLists = 8

// auditArms are the conditions of the query, once for each environment that it asks for, and for each of a few actions and
// actors: each list is in the order of the page by some index.
func auditArms(key func(string) string, q query.Audit) []conditions {
	actions, actors := lists(&q.Action, &q.Actions), lists(&q.Actor, &q.Actors)
	environments := []string{""}
	if q.Environment != "" {
		environments = []string{q.Environment, ""}
	}
	var arms []conditions
	for _, environment := range environments {
		for _, q.Action = range actions {
			for _, q.Actor = range actors {
				c := auditConditions(key, q)
				switch {
				case q.Environment == "":
				case key == nil && (q.Actor != "" || q.Object != ""):
					c.add("+environment = ?", environment) // by the index of the rarer thing
				default:
					c.is("environment", environment)
				}
				arms = append(arms, c)
			}
		}
	}
	return arms
}

// lists takes values from a query that are looked for one by one: the one that is asked for, or each of a few. "" stands for any.
func lists(one *string, several *[]string) []string {
	if n := len(*several); *one != "" || n == 0 || n > maxLists {
		return []string{*one}
	}
	each := slices.Compact(slices.Sorted(slices.Values(*several)))
	*several = nil
	return each
}

func auditConditions(key func(string) string, q query.Audit) (c conditions) {
	c.key = key
	c.exactly("actor", q.Actor)
	c.equal("action", q.Action)
	c.exactly("object", q.Object)
	c.among("actor", q.Actors)
	c.among("action", q.Actions)
	if q.Success != query.AnySuccess {
		c.add("failed = ?", q.Success == query.OnlyFailed)
	}
	c.among("event_type", q.Types)
	c.among("category", q.Categories)
	if len(q.Objects) > 0 {
		// instr, because LIKE would read % and _ in the text and ignore case.
		c.add("EXISTS (SELECT 1 FROM json_each(?) WHERE instr(object, value) > 0)", set(q.Objects))
	}
	return c
}

// auditSpan are the bounds in time.
func auditSpan(q query.Audit) (span conditions) {
	if !q.From.IsZero() {
		span.add("time >= ?", notBefore(q.From))
	}
	if !q.To.IsZero() {
		span.add("time <= ?", q.To.UnixMilli())
	}
	return span
}
