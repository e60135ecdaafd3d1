package module

import (
	"strings"
	"testing"
)

// Attack: send one of the headers that only the gate may send in a spelling that servers fold into it. Invariant: no spelling of a
// name in the list is kept, however the names that it is compared with are narrowed down first.
func TestHeaderFates_EverySpelling(t *testing.T) {
	fates := newHeaderFates([identityHeaderCount]string{"X-User", "X-Id-", "X-9", "X-A-0", "X-" + strings.Repeat("Long-", 20)})
	for name := range fates.byName {
		for _, separators := range []string{"-", "_", "."} {
			spelled := strings.ReplaceAll(name, "-", separators)
			last := name[:len(name)-1] + strings.ReplaceAll(name[len(name)-1:], "-", separators)
			for _, s := range []string{spelled, last, strings.ToLower(spelled), strings.ToUpper(spelled), strings.ToLower(last)} {
				if fates.of(s) == keep {
					t.Errorf("%s is kept, which is a spelling of %s", s, name)
				}
			}
		}
	}
	for _, name := range []string{"", "Accept", "User-Agent", "X-Request-Id", "X-Usea", "-", "_"} {
		if fates.of(name) != keep {
			t.Errorf("%q is not kept", name)
		}
	}
}
