package masking_test

import (
	"strings"
	"testing"

	"github.com/doorward/doorward/module/masking"
)

func TestCompile_refuses(t *testing.T) {
	for name, pointer := range map[string]string{
		"whole document":      "",
		"no slash":            "id",
		"root's empty name":   "/",
		"empty name":          "/a//b",
		"trailing slash":      "/a/",
		"all below, not last": "/a/**/b",
		"named as the mask":   "/a/*****",
		"three asterisks":     "/***",
		"lone tilde":          "/a~b",
		"unknown escape":      "/a~2",
		"name of the root":    "/-",
		"too deep":            strings.Repeat("/a", 65),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := masking.Compile([]string{"/fine", pointer}); err == nil {
				t.Errorf("%q was taken", pointer)
			}
		})
	}
	if _, err := masking.Compile(make([]string, 1001)); err == nil || !strings.Contains(err.Error(), "at most 1000") {
		t.Errorf("1001 pointers: %v", err)
	}
}

// compile is for pointers that are known to be good.
func compile(t testing.TB, shown ...string) *masking.Plan {
	t.Helper()
	plan, err := masking.Compile(shown)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
