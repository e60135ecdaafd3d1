package decisionlog

import (
	"testing"
	"time"
)

// typical is what a gateway in front of the settings API writes for a request.
func typical() *Record {
	return &Record{
		Time: noon, ID: "ABCDEFGHIJKLMNOPAAAAAAAAAAAAB", Decision: "deny", Reason: "policy", Status: 403, Method: "GET",
		Host: "abc12345.live.example.com", Path: "/api/v2/settings/objects", ClientIP: "192.0.2.17", Environment: "abc12345",
		Endpoint: "/api/v2/settings/objects", TokenID: identity, User: "jane.doe@example.com", Kind: "personal",
		Scopes: []string{"settings.read", "settings.write"}, Query: []string{"schemaIds", "scopes"},
		Stages: []Stage{{"token", 900}, {"endpoint", 150}, {"verdict", 1900 * time.Nanosecond}},
		Questions: []Question{{
			Permission: "settings:objects:read", Verdict: "deny",
			Attributes: map[string][]string{"settings:schemaId": {"builtin:alerting.profile"}, "settings:scope": {"environment"}},
			Reasons:    []Reason{{Policy: "1fd2", Name: "Alerting", Level: "account", Effect: "deny", Statement: 3, Line: 12, Column: 1}},
		}},
	}
}

// discard is a disk that takes everything and has nothing.
type discard struct{}

func (discard) list() (segments, error)            { return nil, nil }
func (discard) create(int64) (file, string, error) { return discard{}, "", nil }
func (discard) remove(string) error                { return nil }
func (discard) Write(p []byte) (int, error)        { return len(p), nil }
func (discard) Truncate(int64) error               { return nil }
func (discard) Close() error                       { return nil }

func TestAppendDoesNotAllocate(t *testing.T) {
	options, err := Options{Flush: time.Hour}.completed()
	if err != nil {
		t.Fatal(err)
	}
	l, err := start(discard{}, options)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := typical()
	if n := testing.AllocsPerRun(200, func() { l.Append(r) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	options, err := Options{}.completed()
	if err != nil {
		b.Fatal(err)
	}
	l, err := start(discard{}, options)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	r := typical()
	b.SetBytes(int64(len(encoded(r, hiding{}))))
	b.ReportAllocs()
	for b.Loop() {
		l.Append(r)
	}
	b.ReportMetric(float64(l.Stats().Dropped)/float64(b.N), "dropped/op")
}

func BenchmarkFind(b *testing.B) {
	dir := b.TempDir()
	w := writing(dir, Options{})
	line := encoded(typical(), hiding{})
	var lines []byte
	for len(lines) < flushBytes-len(line) {
		lines = append(lines, line...)
	}
	if _, err := w.write(encoded(numbered(1), hiding{})); err != nil { // the oldest of 8 MiB
		b.Fatal(err)
	}
	for range 31 {
		if _, err := w.write(lines); err != nil {
			b.Fatal(err)
		}
	}
	w.end()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Find(b.Context(), dir, "N1"); err != nil {
			b.Fatal(err)
		}
	}
}
