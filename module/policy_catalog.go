package module

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/doorward/doorward/policyengine/catalog"
)

// maxPolicyCatalog bounds a file of services, permissions and conditions, in bytes.
const maxPolicyCatalog = 1 << 20

// readPolicyCatalogs reads the files that say which services, permissions and conditions there are beyond the built-in
// ones. The texts are part of the gate's config, so that a reload with another text makes another gate.
func readPolicyCatalogs(files []string) ([]string, error) {
	texts := make([]string, 0, len(files))
	for _, name := range files {
		text, err := readPolicyCatalog(name)
		if err != nil {
			return nil, fmt.Errorf("policy catalog %s: %w", filepath.Base(name), err)
		}
		texts = append(texts, text)
	}
	if _, err := mergePolicyCatalogs(texts); err != nil {
		return nil, fmt.Errorf("policy catalog: %w", err)
	}
	return texts, nil
}

func readPolicyCatalog(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPolicyCatalog+1))
	if err == nil && len(text) > maxPolicyCatalog {
		err = errors.New("the file is larger than 1 MiB")
	}
	return string(text), err
}

// PolicyPermissions is what policies may name under a config in Caddy's JSON, nil for the defaults.
func PolicyPermissions(config []byte) (*catalog.Catalog, error) {
	app, _, err := readConfig(config)
	if err != nil {
		return nil, err
	}
	return app.permissions()
}

// permissions is what policies may name under this config.
func (a *App) permissions() (*catalog.Catalog, error) {
	texts, err := readPolicyCatalogs(a.PolicyCatalogs)
	if err != nil {
		return nil, err
	}
	return mergePolicyCatalogs(texts)
}

// mergePolicyCatalogs adds the texts to the built-in catalogue.
func mergePolicyCatalogs(texts []string) (*catalog.Catalog, error) {
	merged := catalog.Default()
	for _, text := range texts {
		var err error
		if merged, err = merged.Merge([]byte(text)); err != nil {
			return nil, err
		}
	}
	return merged, nil
}
