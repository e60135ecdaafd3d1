package tokenapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
)

// bareNotFound leaves the body away where the API documents a 404 without one.
func bareNotFound(err error) error {
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return rest.Bare(http.StatusNotFound)
	}
	return err
}
