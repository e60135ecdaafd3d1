package papapi

import "github.com/doorward/doorward/internal/rest"

const (
	usualSize = 100
	maxSize   = 10_000 // which one client asks for at once
	maxPage   = 1_000_000
)

// paging is which page of a listing is wanted, from 1, and how long pages are.
type paging struct{ page, size int }

// readPaging reads page and the parameter that names the size.
func readPaging(call *rest.Call, size string) (paging, error) {
	q := call.Query()
	p := paging{q.Number("page", 1, 1, maxPage), q.Number(size, usualSize, 1, maxSize)}
	return p, q.Err()
}

// of is the part of a listing that is on the page. A page behind the last one is empty.
func of[T any](p paging, all []T) []T {
	from := min((p.page-1)*p.size, len(all))
	return list(all[from:min(from+p.size, len(all))])
}

// numbered is a page of a listing under levels.
type numbered[T any] struct {
	Size    int `json:"pageSize"`
	Number  int `json:"pageNumber"`
	Total   int `json:"totalCount"`
	Content []T `json:"content"`
}

func pageOf[T any](p paging, all []T) numbered[T] {
	return numbered[T]{p.size, p.page, len(all), of(p, all)}
}
