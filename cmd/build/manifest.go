package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// manifest is the content of xcaddy.toml.
type manifest struct {
	Caddy   string   `toml:"caddy"`  // "v2.11.9"
	Output  string   `toml:"output"` // path of the binary, seen from the current folder
	Plugins []plugin `toml:"plugin"`
}

// plugin is a Go package whose import registers Caddy modules.
type plugin struct {
	Module  string `toml:"module"`
	Version string `toml:"version"` // version, branch or commit; "" for the newest release
	// Replace is a folder (absolute once resolved), or another module as path@version; "" for none. A folder begins
	// with "." or is absolute, so that a module path is never taken for one.
	Replace string `toml:"replace"`
}

// manifestKeys are all the keys that a manifest may have, as they are written: TOML is case-sensitive, the decoder is
// not.
var manifestKeys = []string{"caddy", "output", "plugin", "plugin.module", "plugin.version", "plugin.replace"}

// The shapes of what is put into the generated source and handed to the go command. They leave no room for a quote, a
// newline or a leading dash, so a manifest can neither write code nor add flags.
var (
	caddyVersion = regexp.MustCompile(`^v2\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	modulePath   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.~_-]*(/[A-Za-z0-9~_][A-Za-z0-9.~_-]*)*$`)
	anyVersion   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+/-]*$`)
	outputName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`) // of the file; its folder may have any
)

// loadManifest reads and checks a manifest. Its errors name the file and, where there is one, the line. Folders come
// back absolute.
func loadManifest(file string) (manifest, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return manifest{}, err
	}
	m, err := parseManifest(string(text))
	if err == nil {
		m.Plugins, err = resolve(m.Plugins, filepath.Dir(file))
	}
	if err != nil {
		return manifest{}, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

func parseManifest(text string) (manifest, error) {
	var m manifest
	md, err := toml.Decode(text, &m)
	if err != nil {
		return m, errors.New(strings.TrimPrefix(err.Error(), "toml: "))
	}
	if err := checkKeys(md.Keys(), text); err != nil {
		return m, err
	}
	return m, m.check()
}

// checkKeys refuses every key that is not of a manifest, so that a misspelt one is not passed over in silence.
func checkKeys(keys []toml.Key, text string) error {
	for _, key := range keys {
		if name := key.String(); !slices.Contains(manifestKeys, name) {
			return fmt.Errorf("%sunknown key %s; a manifest has %s",
				linePrefix(text, key[len(key)-1]), name, strings.Join(manifestKeys, ", "))
		}
	}
	return nil
}

// linePrefix says where a key is set. The decoder keeps no positions, so this looks for the text: the first line that
// sets or opens the key, which for an unknown key is where the reader wants to look.
func linePrefix(text, key string) string {
	use := regexp.MustCompile(`(^|[\s{,.\["'])` + regexp.QuoteMeta(key) + `["']?\s*[=\].]`)
	n := 0
	for line := range strings.Lines(text) {
		n++
		if code, _, _ := strings.Cut(line, "#"); use.MatchString(code) {
			return fmt.Sprintf("line %d: ", n)
		}
	}
	return ""
}

func (m *manifest) check() error {
	if !caddyVersion.MatchString(m.Caddy) {
		return fmt.Errorf("caddy = %q is not an exact version of Caddy 2, such as \"v2.11.9\"", m.Caddy)
	}
	if err := checkOutput(m.Output); err != nil {
		return err
	}
	if len(m.Plugins) == 0 {
		return errors.New("no [[plugin]]: that would be plain Caddy")
	}
	for i, p := range m.Plugins {
		if err := p.check(); err != nil {
			return fmt.Errorf("plugin %d: %w", i+1, err)
		}
		if first := indexModule(m.Plugins, p.Module); first < i {
			return fmt.Errorf("plugin %d: module %s is named already, by plugin %d", i+1, p.Module, first+1)
		}
	}
	return nil
}

func checkOutput(output string) error {
	if !outputName.MatchString(filepath.Base(output)) || strings.HasSuffix(output, "/") {
		return fmt.Errorf("output = %q does not end in a plain file name", output)
	}
	return nil
}

func (p *plugin) check() error {
	if !modulePath.MatchString(p.Module) {
		return fmt.Errorf("module = %q is not a module path", p.Module)
	}
	if p.Version != "" && !anyVersion.MatchString(p.Version) {
		return fmt.Errorf("%s: version = %q is not a version", p.Module, p.Version)
	}
	if p.Replace == "" || isFolder(p.Replace) {
		return nil
	}
	path, version, _ := strings.Cut(p.Replace, "@")
	if !modulePath.MatchString(path) || !anyVersion.MatchString(version) {
		return fmt.Errorf("%s: replace = %q is neither a folder (beginning with . or absolute) nor a module as path@version",
			p.Module, p.Replace)
	}
	return nil
}

// resolve makes every folder absolute, seen from base. It fails for a folder that holds no Go module, because the go
// command's own words for that name only the generated files.
func resolve(plugins []plugin, base string) ([]plugin, error) {
	resolved := slices.Clone(plugins)
	for i := range resolved {
		p := &resolved[i]
		if !isFolder(p.Replace) {
			continue
		}
		if !filepath.IsAbs(p.Replace) {
			dir, err := filepath.Abs(filepath.Join(base, p.Replace))
			if err != nil {
				return nil, err
			}
			p.Replace = dir
		}
		if _, err := os.Stat(filepath.Join(p.Replace, "go.mod")); err != nil {
			return nil, fmt.Errorf("%s: replace: %w", p.Module, err)
		}
	}
	return resolved, nil
}

// parseWith reads the value of -with: module[@version][=replacement], as xcaddy's --with.
func parseWith(s string) (plugin, error) {
	left, replace, replaced := strings.Cut(s, "=")
	module, version, versioned := strings.Cut(left, "@")
	p := plugin{Module: module, Version: version, Replace: replace}
	if replaced && replace == "" || versioned && version == "" {
		return p, errors.New("want module[@version][=replacement]")
	}
	return p, p.check()
}

func isFolder(replace string) bool { return strings.HasPrefix(replace, ".") || filepath.IsAbs(replace) }

func indexModule(plugins []plugin, module string) int {
	return slices.IndexFunc(plugins, func(p plugin) bool { return p.Module == module })
}

// spec is the plugin as xcaddy's --with wants it, folders seen from the current one.
func (p *plugin) spec(cwd string) string {
	s := p.Module
	if p.Version != "" {
		s += "@" + p.Version
	}
	if p.Replace == "" {
		return s
	}
	return s + "=" + relative(cwd, p.Replace)
}

// relative shortens a folder under cwd, keeping the leading dot by which xcaddy tells folders from modules.
func relative(cwd, replace string) string {
	rel, err := filepath.Rel(cwd, replace)
	if !filepath.IsAbs(replace) || err != nil {
		return replace
	}
	if strings.HasPrefix(rel, ".") {
		return rel
	}
	return "." + string(filepath.Separator) + rel
}

// wanted is the plugin as `go get` wants it.
func (p *plugin) wanted() string { return p.Module + "@" + cmp.Or(p.Version, "latest") }
