package caddyfiles_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
)

// Whoever pastes a Caddyfile from the README gets one that loads.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```caddyfile\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) == 0 {
		t.Fatal("the README shows no Caddyfile")
	}
	for _, block := range blocks {
		_, _, err := caddyconfig.GetAdapter("caddyfile").Adapt(block[1], map[string]any{"filename": "README"})
		if err != nil {
			t.Errorf("%v in\n%s", err, block[1])
		}
	}
}
