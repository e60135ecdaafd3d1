package module

import (
	"slices"
	"strings"

	"github.com/doorward/doorward/module/endpoint"
)

// denyUncovered refuses what no row covers. Where Doorward serves the path itself, by other methods, it says by which (RFC 9110
// section 15.5.6). Of what is behind the gate nothing is said: a row that is not there may be kept back on purpose.
func (x *exchange) denyUncovered() bool {
	served := slices.DeleteFunc(x.h.table.Allow(x.endpointURI), func(method string) bool {
		var p endpoint.Params
		row := x.h.table.Match(method, x.endpointURI, &p)
		return !x.h.rows[row].own
	})
	if len(served) == 0 {
		return x.deny(reasonNoEndpoint, "")
	}
	x.ResponseWriter.Header().Set("Allow", strings.Join(served, ", "))
	return x.deny(reasonMethod, "")
}
