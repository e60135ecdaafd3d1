package scope

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func shop(t *testing.T) *Catalog {
	t.Helper()
	c, err := NewCatalog(
		Scope{Value: "orders.write", Name: "Write orders", Group: "Shop", Creatable: true},
		Scope{Value: "orders.read", Name: "Read orders", Group: "Shop", Creatable: true, Personal: true, OAuth: []string{"shop:orders:read"}},
		Scope{Value: "StockExport", Name: "Export the stock", Group: "Old"},
	)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCatalogIsSortedAndExact(t *testing.T) {
	c := shop(t)
	var values []string
	for _, s := range c.All() {
		values = append(values, s.Value)
	}
	if diff := cmp.Diff([]string{"StockExport", "orders.read", "orders.write"}, values); diff != "" {
		t.Errorf("All (-want +got):\n%s", diff)
	}
	for value, want := range map[string]bool{"orders.read": true, "Orders.read": false, "orders": false, "": false, "orders.read ": false} {
		if s, ok := c.Lookup(value); ok != want || ok && s.Value != value {
			t.Errorf("Lookup(%q) = %v, %v", value, s, ok)
		}
	}
}

func TestNilCatalogIsEmpty(t *testing.T) {
	var c *Catalog
	if _, ok := c.Lookup("orders.read"); ok || c.Len() != 0 || c.All() != nil {
		t.Error("the nil catalogue holds something")
	}
	if _, ok := c.Suggest("orders.read"); ok {
		t.Error("the nil catalogue suggests something")
	}
}

func TestNewCatalogRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		scopes []Scope
		want   string
	}{
		"empty value":      {[]Scope{{}}, "a value has 1 to 128 characters"},
		"space":            {[]Scope{{Value: "a b"}}, "a value has"},
		"quote":            {[]Scope{{Value: `a"b`}}, "a value has"},
		"too long":         {[]Scope{{Value: strings.Repeat("a", 129)}}, "a value has"},
		"leading dot":      {[]Scope{{Value: ".a"}}, "a value has"},
		"not ASCII":        {[]Scope{{Value: "mètrics"}}, "a value has"},
		"bad OAuth":        {[]Scope{{Value: "a", OAuth: []string{"x y"}}}, "is no OAuth scope"},
		"personal cluster": {[]Scope{{Value: "a", Personal: true, Cluster: true}}, "cannot be both"},
		"differing":        {[]Scope{{Value: "a", Name: "one"}, {Value: "a", Name: "two"}}, "declared twice and differently"},
		"differing OAuth":  {[]Scope{{Value: "a"}, {Value: "a", OAuth: []string{"b"}}}, "declared twice and differently"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewCatalog(test.scopes...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	other, err := NewCatalog(Scope{Value: "parcels.read"}, Scope{Value: "StockExport", Name: "Export the stock", Group: "Old"})
	if err != nil {
		t.Fatal(err)
	}
	merged, err := shop(t).Merge(other, nil)
	if err != nil || merged.Len() != 4 {
		t.Fatalf("Merge = %d scopes, %v", merged.Len(), err)
	}
	clash, err := NewCatalog(Scope{Value: "orders.read", Name: "Something else"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := merged.Merge(clash); err == nil {
		t.Error("two meanings of one scope were merged")
	}
}

func TestSuggest(t *testing.T) {
	c := shop(t)
	for value, want := range map[string]string{
		"order.read":                      "orders.read",
		"orders:write":                    "orders.write",
		"stockexport":                     "StockExport",
		"shop:orders:read":                "orders.read",
		"orders.read":                     "orders.read",
		"quite different":                 "",
		"":                                "",
		strings.Repeat("orders.read", 50): "",
	} {
		if got, ok := c.Suggest(value); got != want || ok != (want != "") {
			t.Errorf("Suggest(%.40q) = %q, %v; want %q", value, got, ok, want)
		}
	}
}
