package audit_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/audit"
)

var epoch = time.Date(2026, 11, 22, 10, 0, 0, 345e6, time.UTC)

// sample has every field set.
var sample = audit.Event{
	ID: 7, Time: epoch, Environment: "prod", Actor: "ann", Origin: "192.0.2.1", Decision: "d-1", Action: "token.create", Object: "dt0c01.AAA",
	Revision: 5, Failed: true, Message: "Made.", Detail: `{"name":"ci"}`, Patch: "[]", Outcome: &outcome,
}

var outcome = audit.Outcome{At: epoch.Add(time.Second), Status: 200, Bytes: 1234, BodyDigest: strings.Repeat("ab", 32), Cut: "revoked"}

// TestChainEncoding: the encodings are fixed for good. What these digests are of is in the trails of every installation; if this
// test fails, all of those have become unverifiable, and the code is to be changed and not the test.
func TestChainEncoding(t *testing.T) {
	event := sample.Chained(audit.Digest{1, 2, 3})
	for what, test := range map[string]struct {
		got  audit.Digest
		want string
	}{
		"no event":     {audit.Event{Time: time.UnixMilli(0)}.Chained(audit.Digest{}), "df5dab7aa0a28ac190c280899b71fb07ee6ede03fb824deeff490af18eebb0ca"},
		"an event":     {event, "12bbcd212baed5d7a31b6f89f6103044c1e3f0226de6f1d32eea3523232e7e33"},
		"no outcome":   {audit.Outcome{At: time.UnixMilli(0)}.Chained(audit.Digest{}), "4fc0f730d98f26a83f5026be3023de6cb8aa06a636b9ae8ce2cb1d0b72e6bf1c"},
		"its outcome":  {outcome.Chained(event), "27e93f2f051701c8c11ce908abc4af76a60e66e0c8d800e6880339184b4b40fb"},
		"before epoch": {audit.Event{Time: time.UnixMilli(-1), Revision: -1}.Chained(audit.Digest{}), "f608863452984485e9a152a7c775e801e721e232f74f709af4c8478aa59d5e1d"},
	} {
		if got := test.got.String(); got != test.want {
			t.Errorf("%s: %s, want %s", what, got, test.want)
		}
	}
}

// Attack: a field of an event is changed after the fact. Invariant: its digest is another one then, whichever field it is;
// those that are not in it are named here. The test finds new fields by itself.
func TestEveryFieldCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		previous := audit.Digest(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "previous"))
		e, o := drawEvent(t), drawOutcome(t)
		changed := changeOne(t, e)
		if e.Chained(previous) == changed.Chained(previous) {
			t.Fatalf("%+v has the digest of %+v", e, changed)
		}
		if other := changeOne(t, o); o.Chained(previous) == other.Chained(previous) {
			t.Fatalf("%+v has the digest of %+v", o, other)
		}
		elsewhere := previous
		elsewhere[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1
		if e.Chained(previous) == e.Chained(elsewhere) || o.Chained(previous) == o.Chained(elsewhere) {
			t.Fatal("the place does not count")
		}
		same := e
		same.ID, same.Outcome, same.Time = e.ID+1, &o, e.Time.Add(time.Microsecond).In(time.FixedZone("east", 3600))
		if e.Chained(previous) != same.Chained(previous) {
			t.Fatal("the identifier, the outcome or less than a millisecond counts")
		}
	})
}

// Attack: text is moved from the end of one field to the beginning of the next. Fix: lengths in front. Invariant: the same
// text, cut at another place, is another event.
func TestFieldsDoNotRunTogether(t *testing.T) {
	a, b := audit.Event{Actor: "ab", Origin: "c"}, audit.Event{Actor: "a", Origin: "bc"}
	if a.Chained(audit.Digest{}) == b.Chained(audit.Digest{}) {
		t.Error("the fields run together")
	}
}

func drawEvent(t *rapid.T) audit.Event {
	e := audit.Event{Time: time.UnixMilli(rapid.Int64Range(-1e15, 1e15).Draw(t, "time")).UTC()}
	fill(t, reflect.ValueOf(&e).Elem())
	return e
}

func drawOutcome(t *rapid.T) audit.Outcome {
	o := audit.Outcome{At: time.UnixMilli(rapid.Int64Range(-1e15, 1e15).Draw(t, "at")).UTC()}
	fill(t, reflect.ValueOf(&o).Elem())
	return o
}

// fill draws all texts, numbers and flags of a struct.
func fill(t *rapid.T, thing reflect.Value) {
	for i := range thing.NumField() {
		name := thing.Type().Field(i).Name
		switch field := thing.Field(i); field.Kind() {
		case reflect.String:
			field.SetString(rapid.String().Draw(t, name))
		case reflect.Int64, reflect.Int:
			field.SetInt(rapid.Int64().Draw(t, name))
		case reflect.Bool:
			field.SetBool(rapid.Bool().Draw(t, name))
		}
	}
}

// changeOne is the thing with another value in one of the fields that count.
func changeOne[T any](t *rapid.T, thing T) T {
	v := reflect.ValueOf(&thing).Elem()
	var fields []int
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; name != "ID" && name != "Outcome" {
			fields = append(fields, i)
		}
	}
	switch field := v.Field(rapid.SampledFrom(fields).Draw(t, "field")); value := field.Interface().(type) {
	case string:
		field.SetString(rapid.String().Filter(func(s string) bool { return s != value }).Draw(t, "other"))
	case int64, int:
		field.SetInt(field.Int() ^ 1<<rapid.IntRange(0, 62).Draw(t, "bit"))
	case bool:
		field.SetBool(!value)
	case time.Time:
		field.Set(reflect.ValueOf(value.Add(time.Duration(rapid.Int64Range(1, 1e6).Draw(t, "later")) * time.Millisecond)))
	default:
		t.Fatalf("a field of type %T, which may or may not count", value)
	}
	return thing
}

func TestDigestText(t *testing.T) {
	text := strings.Repeat("0aF9", 16)
	var d audit.Digest
	if err := json.Unmarshal([]byte(`"`+text+`"`), &d); err != nil || d.String() != strings.ToLower(text) {
		t.Errorf("%s: %s, %v", text, d, err)
	}
	for _, bad := range []string{"", "0", text[1:], text + "0", text[2:] + "0g", text[1:] + "\u00e9", strings.Repeat("z", 64)} {
		before := d
		if err := d.UnmarshalText([]byte(bad)); err == nil || d != before {
			t.Errorf("%q: %s, %v", bad, d, err)
		}
	}
}
