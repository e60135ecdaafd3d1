package console

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// patchOperation is one of RFC 6902 with the value from before, as the audit log has it.
type patchOperation struct {
	Op    string          `json:"op"` // add, remove or replace
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
	Old   json.RawMessage `json:"oldValue"`
}

// memberChange is one member of a thing before and after. There are texts, or lines of one text that is both.
type memberChange struct {
	Name          string
	Before, After string // as a person reads it; see HadNone and HasNone for ""
	HadNone       bool   // the member was not there before
	HasNone       bool   // it is not there now
	Lines         []diffLine
	Long          bool // it is more than is shown
}

// maxValue bounds what one value takes up on a page. All of it is in the event as JSON.
const maxValue = 20_000 // bytes of a text

// patchChanges are the changes of a patch. Of a thing that was made or removed as a whole each member is one.
func patchChanges(patch []patchOperation) []memberChange {
	var all []memberChange
	for _, o := range patch {
		if o.Path != "" {
			all = append(all, changeOf(memberName(o.Path), o.Old, o.Value))
			continue
		}
		before, after := members(o.Old), members(o.Value)
		if before == nil && after == nil {
			all = append(all, changeOf("", o.Old, o.Value))
		}
		for _, name := range sortedNames(before, after) {
			all = append(all, changeOf(name, before[name], after[name]))
		}
	}
	return all
}

// memberName is a JSON pointer (RFC 6901) as a person reads it.
func memberName(pointer string) string {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, part := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
	}
	return strings.Join(parts, " › ")
}

// members are those of an object, nil for anything else.
func members(text json.RawMessage) map[string]json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return nil
	}
	return object
}

func sortedNames(objects ...map[string]json.RawMessage) []string {
	var names []string
	for _, object := range objects {
		for name := range object {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// changeOf compares two values. An empty text of JSON is that of a value which is not there.
func changeOf(name string, before, after json.RawMessage) memberChange {
	c := memberChange{Name: name, HadNone: len(before) == 0, HasNone: len(after) == 0}
	old, now := readable(before), readable(after)
	if strings.HasSuffix(name, "Timestamp") {
		old, now = withDate(old), withDate(now)
	}
	switch {
	case len(old) > maxValue || len(now) > maxValue:
		c.Long, c.Before, c.After = true, shorten(old), shorten(now)
	case !c.HadNone && !c.HasNone && strings.Contains(old+now, "\n"):
		c.Lines = difference(old, now)
	default:
		c.Before, c.After = old, now
	}
	return c
}

// withDate adds to an instant of the API when that is.
func withDate(text string) string {
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil || at <= 0 {
		return text
	}
	return text + " (" + time.UnixMilli(at).UTC().Format("2006-01-02 15:04:05 UTC") + ")"
}

// shorten keeps whole characters.
func shorten(text string) string {
	if len(text) <= maxValue {
		return text
	}
	return strings.ToValidUTF8(text[:maxValue], "") + "…"
}

// readable is a value as a person reads it: a text as it is, a list with each value on a line of its own, and anything else
// as JSON over several lines.
func readable(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && len(value) > 0 && value[0] == '"' {
		return text
	}
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil && list != nil {
		lines := make([]string, len(list))
		for i, one := range list {
			lines[i] = strings.ReplaceAll(readable(one), "\n", " ")
		}
		return strings.Join(lines, "\n")
	}
	var indented bytes.Buffer
	if json.Indent(&indented, value, "", "  ") != nil {
		return string(value)
	}
	return indented.String()
}
