package auditapi_test

import (
	"errors"
	"testing"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/auditapi"
)

// FuzzFilter: no filter makes the reader panic, an error is about a place in the text, and what is accepted prints as a
// text that reads back as itself.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		``, `user("a")`, `eventType("CREATE","UPDATE"),category("CONFIG")`, `dt.settings.key("a"),entityId("TOKEN: ~~~"")`, `user("a"),user("a")`, `user(true)`,
		`eventType("create")`, `owner("a")`, `user("~x")`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		printed, err := auditapi.ReadFilter(text)
		if err != nil {
			e, ok := errors.AsType[*rest.SyntaxError](err)
			if !ok || e.At < 1 || e.At > len([]rune(text))+1 || len(e.Message) > 250 {
				t.Fatalf("%#v", err)
			}
			return
		}
		if again, err := auditapi.ReadFilter(printed); err != nil || again != printed {
			t.Fatalf("%q reads back as %q, %v", printed, again, err)
		}
	})
}
