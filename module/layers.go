package module

import (
	"path/filepath"
	"slices"

	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/tokens/scope"
)

// allDerived stands for every row in allow_derived.
const allDerived = "*"

// readLayers makes layers of catalogues and of what a config says beyond them. Rows of a config declare the scopes that
// they ask for, so that a small API needs no catalogue file.
func readLayers(catalogs []string, rows []EndpointRow, remove, allow []string) ([]endpoint.Layer, error) {
	var layers []endpoint.Layer
	for _, name := range catalogs {
		catalog, err := readCatalog(name)
		if err != nil {
			return nil, err
		}
		layers = append(layers, catalog.Layer())
	}
	own := endpoint.Layer{Name: ownLayer}
	for _, r := range rows {
		row, err := r.row()
		if err != nil {
			return nil, err
		}
		own.Rows = append(own.Rows, row)
	}
	var err error
	if own.Remove, err = readPatterns(remove); err != nil {
		return nil, err
	}
	if i := slices.Index(allow, allDerived); i >= 0 {
		own.AllowAllDerived = true
		allow = slices.Delete(slices.Clone(allow), i, i+1)
	}
	if own.AllowDerived, err = readPatterns(allow); err != nil {
		return nil, err
	}
	return append(layers, own), nil
}

// readCatalog takes the name of an embedded catalogue or the path of a file, which has an extension or a folder.
func readCatalog(name string) (*endpoint.Catalog, error) {
	if isEmbedded(name) {
		return endpoint.Embedded(name)
	}
	return endpoint.ReadFile(name)
}

func isEmbedded(name string) bool { return filepath.Ext(name) == "" && filepath.Base(name) == name }

func readPatterns(texts []string) ([]endpoint.Pattern, error) {
	patterns := make([]endpoint.Pattern, 0, len(texts))
	for _, text := range texts {
		p, err := endpoint.ParsePattern(text)
		if err != nil {
			return nil, err
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

// declareScopes adds to the last layers the scopes that rows of a config ask for and no catalogue declares.
func declareScopes(layers []endpoint.Layer) []endpoint.Layer {
	declared := map[string]bool{}
	for _, layer := range layers {
		for _, s := range layer.Scopes {
			declared[s.Value] = true
		}
	}
	layers = slices.Clone(layers)
	for i := range layers {
		if layers[i].Name != ownLayer {
			continue
		}
		for _, row := range layers[i].Rows {
			for _, value := range row.Scopes {
				if !declared[value] && scope.Valid(value) {
					declared[value] = true
					layers[i].Scopes = append(slices.Clip(layers[i].Scopes), scope.Scope{Value: value, Creatable: true})
				}
			}
		}
	}
	return layers
}

// ownLayer is the name of the layer that a config itself makes.
const ownLayer = "configuration"
