package policyengine_test

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine"
)

// canonical is what a decision depends on, as a text that shows every difference. It is written without regard to the
// key: the permission, then what is read, quoted.
func canonical(set *policyengine.Set, r policyengine.Request) string {
	text := fmt.Sprintf("%s %q", set.Revision, r.Permission)
	for _, name := range set.Reads(r.Permission) {
		switch name {
		case "global:date":
			// Time is no part of a key: it ends the entry instead.
		case "global:userId":
			text += fmt.Sprintf(" %s: %q known=%t", name, r.Subject.User, r.Subject.User != "")
		case "global:userGroup":
			text += fmt.Sprintf(" %s: %q", name, r.Subject.Groups)
		default:
			var found policyengine.Attribute
			for _, a := range r.Attributes {
				if a.Name == name && a.Known {
					found = a
				}
			}
			text += fmt.Sprintf(" %s: %q known=%t list=%t", name, found.Values, found.Known, found.List)
		}
	}
	return text
}

// TestKeyIsWhatIsRead: two requests share a key exactly if they say the same about everything that is read.
//
// Attack: choose values so that two different requests have the same key, by a delimiter inside a value, a list against a
// text, an empty value against none, or a value moved into the next field; then let the one answer for the other. Fix:
// every part is tagged and written after its length. Invariant: key(x) = key(y) if and only if canonical(x) = canonical(y).
func TestKeyIsWhatIsRead(t *testing.T) {
	set, err := policyengine.Compile(bindText(t, "p", `
ALLOW settings:objects:read WHERE settings:schemaId = "a" AND settings:scope = "${global:userId}" AND global:date < "2026-01-01Z";
ALLOW settings:objects:read WHERE global:userGroup = "g";
ALLOW settings:objects:write WHERE settings:scope = "b";`, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	// Few and short texts make equal requests, and texts that look like lengths and tags make near ones.
	texts := []string{"", "", "a", "b", "ab", "a,b", "|", "\x00", "\x01", "\x01a", "\x01\x01a", "\x02", "\xff"}
	value := rapid.SampledFrom(texts)
	attribute := func(t *rapid.T, name string) policyengine.Attribute {
		a := policyengine.Attribute{Name: name, Known: rapid.IntRange(0, 3).Draw(t, "known") > 0, List: rapid.Bool().Draw(t, "list")}
		a.Values = rapid.SliceOfN(value, 0, 2).Draw(t, "values")
		return a
	}
	draw := rapid.Custom(func(t *rapid.T) policyengine.Request {
		r := policyengine.Request{Now: start, Permission: rapid.SampledFrom([]string{"settings:objects:read", "settings:objects:write"}).Draw(t, "permission")}
		r.Subject.User = value.Draw(t, "user")
		r.Subject.Groups = rapid.SliceOfN(value, 0, 2).Draw(t, "groups")
		for _, name := range []string{"settings:schemaId", "settings:scope", "settings:unread"} {
			if rapid.Bool().Draw(t, "given") {
				r.Attributes = append(r.Attributes, attribute(t, name))
			}
		}
		return r
	})
	equal := 0
	rapid.Check(t, func(t *rapid.T) {
		value = rapid.SampledFrom(rapid.SliceOfN(rapid.SampledFrom(texts), 1, 3).Draw(t, "texts"))
		var keys [][]byte
		var texts []string
		for range 60 {
			r := draw.Draw(t, "request")
			key, err := set.Key(r)
			if err != nil {
				t.Fatal(err)
			}
			for i := range keys {
				sameKey, sameText := bytes.Equal(keys[i], key), texts[i] == canonical(set, r)
				if sameKey != sameText {
					t.Fatalf("same key: %t\n%s\n%s", sameKey, texts[i], canonical(set, r))
				}
				if sameKey {
					equal++
				}
			}
			keys, texts = append(keys, key), append(texts, canonical(set, r))
		}
	})
	if equal < 100 {
		t.Errorf("only %d equal pairs were seen", equal)
	}
}

// TestKeyOfAttributeGivenUnknown: an attribute that is given without being known says no more than one that is not given.
func TestKeyOfAttributeGivenUnknown(t *testing.T) {
	set, err := policyengine.Compile(bindText(t, "p", `ALLOW settings:objects:write WHERE settings:scope = "b";`, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	absent, err := set.Key(request(t, "settings:objects:write"))
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := set.Key(request(t, "settings:objects:write settings:scope=?"))
	if err != nil || !bytes.Equal(absent, unknown) {
		t.Errorf("%q, %q, %v", absent, unknown, err)
	}
}
