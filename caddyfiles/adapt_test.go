// Package caddyfiles_test keeps the examples and the documentation true.
package caddyfiles_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the adapter answers into adapt/ and load/")

const separator = "----------\n"

// adapt makes JSON of a Caddyfile, as `doorward adapt` does.
func adapt(text string) ([]byte, error) {
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	return config, err
}

// TestAdapt holds every form and every error of the option, the directive and the log format to the JSON or the
// message that stands below the line in its file.
func TestAdapt(t *testing.T) {
	eachStory(t, "adapt", func(t *testing.T, text string) string {
		config, err := adapt(text)
		if err != nil {
			checkMessage(t, err.Error())
			return err.Error()
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, config, "", "\t"); err != nil {
			t.Fatal(err)
		}
		return indented.String()
	})
}

// TestLoad does the same for what only shows when a config is loaded.
func TestLoad(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_DATA_HOME", folder)
	t.Setenv("XDG_CONFIG_HOME", folder)
	eachStory(t, "load", func(t *testing.T, text string) string {
		config, err := adapt(text)
		if err != nil {
			t.Fatal(err)
		}
		var parsed caddy.Config
		if err := json.Unmarshal(config, &parsed); err != nil {
			t.Fatal(err)
		}
		err = caddy.Validate(&parsed)
		if err == nil {
			t.Fatal("the config loads")
		}
		// Caddy's own words come first and are not ours to hold still.
		_, message, found := strings.Cut(err.Error(), "': ")
		if !found {
			message = err.Error()
		}
		return message
	})
}

// eachStory runs every file of a folder: a Caddyfile, a line, and what is expected of it.
func eachStory(t *testing.T, folder string, run func(t *testing.T, text string) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.caddyfiletest"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text, want, _ := strings.Cut(string(data), separator)
			if formatted := string(caddyfile.Format([]byte(text))); formatted != text {
				t.Errorf("`caddy fmt` changes it (-want +got):\n%s", cmp.Diff(formatted, text))
			}
			got := strings.TrimSpace(run(t, text)) + "\n"
			if *update {
				if err := os.WriteFile(file, []byte(text+separator+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

var (
	namesLine = regexp.MustCompile(`Caddyfile:[0-9]+$`)
	// A message says what was expected, or names what is there and should not be.
	saysWhatToDo = regexp.MustCompile(`expected|given twice|takes no arguments|there is no|is no |must be|missing|has [0-9]+ to [0-9]+|already|used twice|occurs twice|a prefix is|has no |at most|is never taken|cannot be|is for |ends in|; remove |, column [0-9]+: |is required|is not one of|is not between|is accepted|no oftener than|would be too old|is to be given as|is to be an |not a plain mail address|go together|needs a name`)
)

// checkMessage makes sure that an operator learns where to look and what to write.
func checkMessage(t *testing.T, message string) {
	t.Helper()
	if !namesLine.MatchString(message) {
		t.Errorf("names no line: %s", message)
	}
	if !saysWhatToDo.MatchString(message) {
		t.Errorf("does not say what was expected: %s", message)
	}
}
