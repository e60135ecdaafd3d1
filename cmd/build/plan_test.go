package main

import "testing"

func TestLanguageVersion(t *testing.T) {
	for toolchain, want := range map[string]string{
		"go1.26.8":                     "1.26.0",
		"go1.27":                       "1.27.0",
		"go1.28rc1":                    "1.28.0",
		"go1.26.8 X:nogreenteagc":      "1.26.0",
		"devel go1.28-3a1b2c3 Mon Nov": "1.26.0",
	} {
		if got := languageVersion(toolchain); got != want {
			t.Errorf("languageVersion(%q) = %q, want %q", toolchain, got, want)
		}
	}
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{
		"example.org/a@v1.0.0+x=./b~c": "example.org/a@v1.0.0+x=./b~c",
		"my limits":                    "'my limits'",
		"it's; rm -rf $HOME":           `'it'\''s; rm -rf $HOME'`,
		"":                             "''",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", word, got, want)
		}
	}
}

func TestBinaryName(t *testing.T) {
	for output, want := range map[string]string{"doorward": "doorward", "bin/gate.exe": "gate", "./gate-1.2": "gate-1.2"} {
		if got := binaryName(output); got != want {
			t.Errorf("binaryName(%q) = %q, want %q", output, got, want)
		}
	}
}
