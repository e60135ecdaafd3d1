package endpoint

import "testing"

// TestOwn: what Doorward serves itself is stated. Its rows agree with those of the catalogue that they replace on a site, so
// that nothing opens or closes because the API is there.
func TestOwn(t *testing.T) {
	own, err := Embedded(Own)
	if err != nil {
		t.Fatal(err)
	}
	dynatrace, err := Embedded("dynatrace")
	if err != nil {
		t.Fatal(err)
	}
	before, err := Build(dynatrace.Layer())
	if err != nil {
		t.Fatal(err)
	}
	after, err := Build(dynatrace.Layer(), own.Layer())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range own.Endpoints {
		if row.Derived || row.PossiblyRemoved {
			t.Errorf("%s %s is not stated", row.Method, row.Template)
		}
		replaced, is := find(before, row), find(after, row)
		if is == nil || is.Catalog != Own {
			t.Errorf("%s %s is not in force", row.Method, row.Template)
			continue
		}
		if replaced != nil && (replaced.ScopeParameter != is.ScopeParameter || replaced.OAuthScopeParameter != is.OAuthScopeParameter ||
			replaced.AnyToken != is.AnyToken || replaced.Public != is.Public) {
			t.Errorf("%s asks for something else than the row that it replaces", is.Pattern)
		}
	}
}

func find(table *Table, row Endpoint) *Endpoint {
	for _, e := range table.All() {
		if e.Method == row.Method && e.Template == row.Template {
			return e
		}
	}
	return nil
}
