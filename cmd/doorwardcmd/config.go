package doorwardcmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
)

const (
	defaultConfig = "Caddyfile"
	maxConfig     = 16 << 20 // bytes; catalogues are files of their own
)

// readConfig reads a config as Caddy's JSON; nil where none is named and there is no ./Caddyfile. It follows the rules of
// `caddy run`, but logs nothing: caddycmd.LoadConfig would write several lines to stderr for every token that is listed.
func readConfig(file, adapter string) ([]byte, error) {
	if file == "" {
		if adapter != "" {
			return nil, usageErrorf("--adapter says how to read a config; name the config with --config")
		}
		if _, err := os.Stat(defaultConfig); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		file = defaultConfig
	}
	text, err := readFile(file, maxConfig)
	if err != nil {
		return nil, fmt.Errorf("the config cannot be read: %w", err)
	}
	if adapter == "" && isCaddyfile(file) {
		adapter = "caddyfile"
	}
	if adapter == "" {
		if !json.Valid(text) {
			return nil, fmt.Errorf("the config %s is not JSON; if it is something else, name its --adapter", file)
		}
		return text, nil
	}
	return adapt(file, text, adapter)
}

func adapt(file string, text []byte, adapter string) ([]byte, error) {
	a := caddyconfig.GetAdapter(adapter)
	if a == nil {
		return nil, usageErrorf("there is no config adapter %q in this binary", adapter)
	}
	config, _, err := a.Adapt(text, map[string]any{"filename": file})
	if err != nil {
		return nil, fmt.Errorf("the config %s has an error: %w", file, err)
	}
	return config, nil
}

// isCaddyfile goes by the name, as Caddy does.
func isCaddyfile(file string) bool {
	base := strings.ToLower(filepath.Base(file))
	return filepath.Ext(base) != ".json" && (strings.HasPrefix(base, "caddyfile") || strings.HasSuffix(base, ".caddyfile"))
}

// readFile reads a file of at most limit bytes.
func readFile(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAtMost(f, limit)
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("longer than %d bytes", limit)
	}
	return text, err
}
