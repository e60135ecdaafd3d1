package attribute

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// text writes an identifier, with what follows its four texts.
func (o settingsObject) text(end string) string {
	data := []byte(settingsMagic + settingsVersion)
	for _, part := range []string{o.schemaID, o.scopeType, o.scopeID, o.objectID} {
		data = binary.BigEndian.AppendUint16(data, uint16(len(part)))
		data = append(data, part...)
	}
	return base64.RawURLEncoding.EncodeToString(append(data, end...))
}

var ofEnvironment = settingsObject{"builtin:alerting.profile", "tenant", "tenant", "b7d02d4c-6f51-398a-844a-0d1ed176ac7c"}

// TestSettingsField: the fields of identifiers, and that everything else has none. Attack: an identifier that this
// reader and the API take apart differently names an allowed schema here and another one there.
func TestSettingsField(t *testing.T) {
	good := ofEnvironment.text(settingsMagic)
	bytesOf := func(text string) []byte {
		data, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	changed := func(at int, to byte) string {
		data := bytesOf(good)
		data[at] = to
		return base64.RawURLEncoding.EncodeToString(data)
	}
	tests := []struct{ name, text, schema, scope string }{
		{"environment", good, "builtin:alerting.profile", "environment"},
		{"without the magic number at the end", ofEnvironment.text(""), "builtin:alerting.profile", "environment"},
		{"host", settingsObject{"a", "HOST", "1D9CAFF0F2E35AB6", "x"}.text(settingsMagic), "a", "HOST-1D9CAFF0F2E35AB6"},
		{"as the API writes it", "vu9U3hXa3q0AAAABACpidWlsdGluOmxvZ21vbml0b3JpbmcubG9nLXN0b3JhZ2Utc2V0dGluZ3MABEhPU1QAEDFEOUNBRkYwRjJFMzVBQjYA" +
			"JDFmNTRmNTlkLWZiMGYtMzFlOC04MGRhLTI1NGQzYmViNTg2Yb7vVN4V2t6t", "builtin:logmonitoring.log-storage-settings", "HOST-1D9CAFF0F2E35AB6"},
		{"another tenant", settingsObject{"a", "tenant", "other", "x"}.text(""), "", ""},
		{"an empty schema", settingsObject{"", "HOST", "1", "x"}.text(""), "", ""},
		{"a blank schema", settingsObject{"a ", "HOST", "1", "x"}.text(""), "", ""},
		{"not UTF-8", settingsObject{"\xff", "HOST", "1", "x"}.text(""), "", ""},
		{"something behind it", ofEnvironment.text("\x00"), "", ""},
		{"the magic number twice", ofEnvironment.text(settingsMagic + settingsMagic), "", ""},
		{"another magic number", changed(7, 0xae), "", ""},
		{"another version", changed(11, 2), "", ""},
		{"a length beyond the end", changed(12, 0xff), "", ""},
		{"a length too short", changed(13, 3), "", ""},
		{"cut off", good[:40], "", ""},
		{"bits left over", strings.TrimSuffix(ofEnvironment.text(""), "M") + "N", "", ""},
		{"padded", good + "=", "", ""},
		{"a line break", good[:40] + "\n" + good[40:], "", ""},
		{"the other alphabet", strings.NewReplacer("-", "+", "_", "/").Replace(settingsObject{"a", "HOST", "1", "???>>>"}.text(settingsMagic)), "", ""},
		{"nothing", "", "", ""},
	}
	for _, test := range tests {
		schema, ok := settingsField(test.text, 0)
		scope, scoped := settingsField(test.text, 1)
		if schema != test.schema || scope != test.scope || ok != (test.schema != "") || scoped != ok {
			t.Errorf("%s: got %q %v, %q %v; want %q, %q", test.name, schema, ok, scope, scoped, test.schema, test.scope)
		}
	}
}

// TestSettingsObjectRoundTrip: what was written is read, and nothing else is read than what could have been written.
func TestSettingsObjectRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringN(1, 60, 200).Filter(readable)
		want := settingsObject{part.Draw(t, "schema"), part.Draw(t, "type"), part.Draw(t, "scope"), part.Draw(t, "object")}
		text := want.text(rapid.SampledFrom([]string{"", settingsMagic}).Draw(t, "end"))
		got, ok := parseSettingsObject(text)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(settingsObject{})); diff != "" || !ok {
			t.Fatalf("%s: %v (-want +got):\n%s", text, ok, diff)
		}
		damaged := []byte(text)
		damaged[rapid.IntRange(0, len(text)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "to")
		if other, ok := parseSettingsObject(string(damaged)); ok {
			checkWritten(t, string(damaged), other)
		}
	})
}

// FuzzSettingsObject: whatever is accepted is exactly what the writer makes of it.
func FuzzSettingsObject(f *testing.F) {
	for _, end := range []string{"", settingsMagic, "\x00"} {
		f.Add(ofEnvironment.text(end))
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if o, ok := parseSettingsObject(text); ok {
			checkWritten(t, text, o)
		}
	})
}

func checkWritten(t interface{ Errorf(string, ...any) }, text string, o settingsObject) {
	if text != o.text("") && text != o.text(settingsMagic) {
		t.Errorf("%q was read as %+v, which is written otherwise", text, o)
	}
}
