package decisionlog

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// encoder writes a record as a line. It is written by hand because it stands in every request's way: it allocates
// nothing, and it masks, bounds and escapes in one place that no member gets around.
type encoder struct {
	line []byte
	hide hiding
	cut  bool
}

// record writes the members in the order of the struct, but for the lists: they come last, for they take what room there
// is.
func (e *encoder) record(r *Record) {
	e.line = append(e.line, `{"v":`...)
	e.line = strconv.AppendInt(e.line, Version, 10)
	e.line = append(e.line, `,"time":"`...)
	e.line = append(r.Time.UTC().AppendFormat(e.line, time.RFC3339Nano), `","id":`...)
	e.quote(r.ID, maxWord)
	e.text("decision", r.Decision, maxWord)
	e.text("reason", r.Reason, maxWord)
	e.number("status", int64(r.Status))
	e.text("method", r.Method, maxWord)
	e.text("host", r.Host, maxName)
	e.text("path", r.Path, maxPath)
	e.text("client_ip", r.ClientIP, maxWord)
	e.text("environment", r.Environment, maxName)
	e.text("endpoint", r.Endpoint, maxText)
	e.text("token_id", r.TokenID, maxName)
	e.text("user", r.User, maxText)
	e.text("kind", r.Kind, maxWord)
	e.text("cause", r.Cause, maxWord)
	e.text("detail", r.Detail, maxText)
	e.text("fault", r.Fault, maxText)
	e.stages(r.Stages)
	e.texts("scopes", r.Scopes, maxName)
	e.texts("query", r.Query, maxName)
	e.questions(r.Questions)
	if e.cut || r.Cut {
		e.line = append(e.line, `,"cut":true`...)
	}
	e.line = append(e.line, '}', '\n')
}

func (e *encoder) stages(stages []Stage) {
	e.list("stages", len(stages), func(i int) {
		e.line = append(e.line, `{"stage":`...)
		e.quote(stages[i].Name, maxWord)
		e.line = append(e.line, `,"ns":`...)
		e.line = append(strconv.AppendInt(e.line, int64(stages[i].Took), 10), '}')
	})
}

func (e *encoder) questions(questions []Question) {
	e.list("questions", len(questions), func(i int) {
		q := &questions[i]
		e.line = append(e.line, `{"permission":`...)
		e.quote(q.Permission, maxName)
		e.line = append(e.line, `,"verdict":`...)
		e.quote(q.Verdict, maxWord)
		if q.Cached {
			e.line = append(e.line, `,"cached":true`...)
		}
		e.reasons(q.Reasons)
		e.texts("missing", q.Missing, maxName)
		e.attributes(q.Attributes)
		e.line = append(e.line, '}')
	})
}

func (e *encoder) reasons(reasons []Reason) {
	e.list("reasons", len(reasons), func(i int) {
		r := &reasons[i]
		e.line = append(e.line, `{"policy":`...)
		e.quote(r.Policy, maxName)
		e.text("name", r.Name, maxName)
		e.text("level", r.Level, maxName)
		e.text("level_id", r.LevelID, maxName)
		e.text("effect", r.Effect, maxWord)
		e.text("boundary", r.Boundary, maxName)
		e.text("note", r.Note, maxText)
		e.line = append(e.line, `,"statement":`...)
		e.line = strconv.AppendInt(e.line, int64(r.Statement), 10)
		e.number("line", int64(r.Line))
		e.number("column", int64(r.Column))
		e.line = append(e.line, '}')
	})
}

// attributes is an object, sorted by name so that equal requests give equal lines.
func (e *encoder) attributes(attributes map[string][]string) {
	if len(attributes) == 0 {
		return
	}
	e.key("attributes")
	e.line = append(e.line, '{')
	var array [maxEntries]string
	sorted := names(attributes, &array)
	e.cut = e.cut || len(sorted) < len(attributes)
	for i, name := range sorted {
		if e.full() {
			break
		}
		if i > 0 {
			e.line = append(e.line, ',')
		}
		e.quote(name, maxName)
		e.line = append(e.line, ':')
		e.values(attributes[name], maxText, e.hide.members["attributes"] || e.hide.attributes[name])
	}
	e.line = append(e.line, '}')
}

func (e *encoder) texts(name string, values []string, limit int) {
	if len(values) > 0 {
		e.key(name)
		e.values(values, limit, e.hide.members[name])
	}
}

func (e *encoder) values(values []string, limit int, hidden bool) {
	if hidden {
		e.line = append(e.line, `["`+hiddenText+`"]`...)
		return
	}
	e.array(len(values), func(i int) { e.quote(values[i], limit) })
}

func (e *encoder) list(name string, n int, entry func(i int)) {
	if n > 0 {
		e.key(name)
		e.array(n, entry)
	}
}

// array ends early when the list or the line is full.
func (e *encoder) array(n int, entry func(i int)) {
	e.line = append(e.line, '[')
	for i := range n {
		if i == maxEntries {
			e.cut = true
			break
		}
		if e.full() {
			break
		}
		if i > 0 {
			e.line = append(e.line, ',')
		}
		entry(i)
	}
	e.line = append(e.line, ']')
}

// full is asked when there is more to be written.
func (e *encoder) full() bool {
	full := len(e.line) >= fullLine
	e.cut = e.cut || full
	return full
}

func (e *encoder) key(name string) {
	e.line = append(e.line, ',', '"')
	e.line = append(e.line, name...)
	e.line = append(e.line, '"', ':')
}

func (e *encoder) number(name string, n int64) {
	if n != 0 {
		e.key(name)
		e.line = strconv.AppendInt(e.line, n, 10)
	}
}

func (e *encoder) text(name, value string, limit int) {
	if value == "" {
		return
	}
	e.key(name)
	if e.hide.members[name] {
		e.line = append(e.line, `"`+hiddenText+`"`...)
		return
	}
	e.quote(value, limit)
}

func (e *encoder) quote(value string, limit int) {
	value, cut := clean(value, limit)
	e.cut = e.cut || cut
	e.line = appendQuoted(e.line, value)
}

// appendQuoted writes a JSON string. Besides what JSON asks for, it escapes every character that does not print: a
// terminal that shows the file sees no escape sequence and no change of direction. What is no UTF-8 becomes U+FFFD.
func appendQuoted(line []byte, text string) []byte {
	line = append(line, '"')
	plain := 0 // start of what can be copied as it is
	for i := 0; i < len(text); {
		if c := text[i]; c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r >= utf8.RuneSelf && unicode.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		line = append(line, text[plain:i]...)
		line = appendEscaped(line, r)
		i += size
		plain = i
	}
	return append(append(line, text[plain:]...), '"')
}

func appendEscaped(line []byte, r rune) []byte {
	if r == '"' || r == '\\' {
		return append(line, '\\', byte(r))
	}
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return appendUnit(appendUnit(line, high), low)
	}
	return appendUnit(line, r)
}

func appendUnit(line []byte, unit rune) []byte {
	const digits = "0123456789abcdef"
	return append(line, '\\', 'u', digits[unit>>12&15], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15])
}
