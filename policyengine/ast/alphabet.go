package ast

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Numbers of names in a permission and in a condition name.
const (
	permissionSegments = 3
	conditionSegments  = 2
)

// ValidName reports whether s can be one segment of a permission or condition name: a letter, then letters, digits,
// '_', '-' and '.', all ASCII.
func ValidName(s string) bool {
	if s == "" || !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if !isParameterByte(s[i]) && s[i] != '.' {
			return false
		}
	}
	return true
}

// ValidPermission reports whether s has the form service:resource:action.
func ValidPermission(s string) bool { return validSegments(s, permissionSegments) }

// ValidCondition reports whether s has the form service:attribute.
func ValidCondition(s string) bool { return validSegments(s, conditionSegments) }

func validSegments(s string, want int) bool {
	segments := 0
	for segment := range strings.SplitSeq(s, ":") {
		segments++
		if segments > want || !ValidName(segment) {
			return false
		}
	}
	return segments == want
}

// ValidParameter reports whether s can be the name in ${bindParam:s} and ${global:s}.
func ValidParameter(s string) bool {
	for i := range len(s) {
		if !isParameterByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// PlainText reports whether s can stand between quotes as literal text: UTF-8 without control characters but the tab,
// and without "${", which always opens a template. Parameter values keep to it too, so that whatever a policy is bound
// with, its printed form still says the same.
func PlainText(s string) bool {
	if !utf8.ValidString(s) || strings.Contains(s, "${") {
		return false
	}
	return !strings.ContainsFunc(s, IsControl)
}

// IsControl reports whether r may not appear in a value: every control character but the tab.
func IsControl(r rune) bool { return r != '\t' && unicode.IsControl(r) }

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

func isParameterByte(b byte) bool {
	return isLetter(b) || '0' <= b && b <= '9' || b == '_' || b == '-'
}
