package masking_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/masking"
)

// listing is a listing of sessions of about 100 KiB.
func listing() []byte {
	var rows []string
	for i := range 500 {
		rows = append(rows, fmt.Sprintf(`{"id":"session-%06d","userId":"mary%d@a.test","duration":%d,"city":"Linz \u00fc",`+
			`"actions":[{"name":"Loading of page /orders/%d","type":"Load","start":17%011d},{"name":"click","type":"Xhr"}]}`, i, i, i*17, i, i))
	}
	return []byte(`{"totalCount":500,"nextPageKey":null,"sessions":[` + strings.Join(rows, ",") + `]}`)
}

var shownOfListing = []string{"/totalCount", "/nextPageKey", "/sessions/*/id", "/sessions/*/duration", "/sessions/*/actions/*/type"}

func BenchmarkJSON(b *testing.B) {
	plan, body := compile(b, shownOfListing...), listing()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := plan.JSON(io.Discard, body); err != nil {
			b.Fatal(err)
		}
	}
}

// discard is a client that costs nothing.
type discard http.Header

func (d discard) Header() http.Header         { return http.Header(d) }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkWriter(b *testing.B) {
	plan, body := compile(b, shownOfListing...), listing()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		w := masking.NewWriter(discard{}, r, plan, 0)
		w.Header()["Content-Type"] = []string{"application/json"}
		w.Header()["Content-Length"] = []string{fmt.Sprint(len(body))}
		for rest := body; len(rest) > 0; {
			n := min(len(rest), 32<<10) // as a proxy copies
			_, _ = w.Write(rest[:n])
			rest = rest[n:]
		}
		if err := w.Finish(); err != nil {
			b.Fatal(err)
		}
	}
}
