package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"

	"go.yaml.in/yaml/v3"
)

// maxFileBytes bounds an operator's file. It is far above any real one.
const maxFileBytes = 1 << 20

// Merge returns the catalogue with an operator's file added, in YAML or JSON:
//
//	permissions:
//	  billing:invoices:read:
//	    billing:cost-center: ["=", IN]
//	kinds:
//	  billing:cost-center: set
//
// A file may add services, permissions to a service, and conditions to a permission. It cannot change what is there
// already, nor the global conditions. Unknown fields, wrong names and repeated keys are errors.
func (c *Catalog) Merge(source []byte) (*Catalog, error) {
	f, err := decodeFile(source)
	if err != nil {
		return nil, err
	}
	for name, kind := range f.Kinds {
		if kind.Timed() {
			return nil, fmt.Errorf("kinds: %s: only global conditions read the clock; use text, set or record", name)
		}
		if !f.mentions(name) {
			return nil, fmt.Errorf("kinds: %s: no permission of this file has the condition", name)
		}
	}
	merged := &Catalog{
		permissions: maps.Clone(c.permissions), services: maps.Clone(c.services), globals: c.globals,
		attributes: c.attributes, conditions: maps.Clone(c.conditions),
	}
	if err := merged.add(f.Permissions, f.Kinds, false); err != nil {
		return nil, err
	}
	return merged, nil
}

func (f *file) mentions(condition string) bool {
	for _, conditions := range f.Permissions {
		if _, ok := conditions[condition]; ok {
			return true
		}
	}
	return false
}

// decodeFile reads YAML, of which JSON is a part. JSON is put on one line first, because YAML has a rule about tabs
// that JSON has not.
func decodeFile(source []byte) (*file, error) {
	if len(source) > maxFileBytes {
		return nil, fmt.Errorf("the file has %d bytes; %d are allowed", len(source), maxFileBytes)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, source) == nil {
		source = compact.Bytes()
	}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	var f file
	if err := decoder.Decode(&f); err != nil {
		return nil, err
	}
	if err := decoder.Decode(&file{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file has a second document; one is allowed")
	}
	if len(f.Permissions) == 0 {
		return nil, errors.New("permissions: the file lists none")
	}
	return &f, nil
}
