package apitest_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// more stands for members or elements that a story does not care about.
const more = "..."

var capture = regexp.MustCompile(`^<([A-Za-z][A-Za-z0-9_.]*)>$`)

// match holds a JSON value against the one that a story expects.
func (s *stage) match(path string, want, got any) bool {
	s.t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		return (ok || s.differs(path, "an object", got)) && s.matchMembers(path, want, object)
	case []any:
		list, ok := got.([]any)
		return (ok || s.differs(path, "a list", got)) && s.matchElements(path, want, list)
	case string:
		if want == "*" {
			return true
		}
		text, ok := got.(string)
		return (ok || s.differs(path, "a text", got)) && s.matchText(path, want, text)
	}
	return want == got || s.differs(path, want, got)
}

func (s *stage) differs(path string, want, got any) bool {
	s.t.Helper()
	s.t.Errorf("%s: %s, want %v", path, s.masked(fmt.Sprint(got)), want)
	return false
}

func (s *stage) matchMembers(path string, want, got map[string]any) bool {
	s.t.Helper()
	_, open := want[more]
	same := true
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, there := got[name]
		switch {
		case name == more:
		case !there:
			same = s.differs(path+"."+name, want[name], "absent")
		default:
			same = s.match(path+"."+name, want[name], value) && same
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, wanted := want[name]; !wanted && !open {
			same = s.differs(path+"."+name, "absent", got[name])
		}
	}
	return same
}

func (s *stage) matchElements(path string, want, got []any) bool {
	s.t.Helper()
	if n := len(want); n > 0 && want[n-1] == more && len(got) >= n-1 {
		want, got = want[:n-1], got[:n-1]
	}
	if len(want) != len(got) {
		return s.differs(path, fmt.Sprintf("%d elements", len(want)), fmt.Sprintf("%d elements", len(got)))
	}
	same := true
	for i := range want {
		same = s.match(fmt.Sprintf("%s[%d]", path, i), want[i], got[i]) && same
	}
	return same
}

func (s *stage) matchText(path, want, got string) bool {
	s.t.Helper()
	if named := capture.FindStringSubmatch(want); named != nil {
		s.values[named[1]] = got
		return true
	}
	if want = s.fill(want); want != got {
		return s.differs(path, s.masked(want), got)
	}
	return true
}
