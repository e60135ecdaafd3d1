package pap

import (
	"context"
	"iter"
)

// All is a whole listing, read page by page; an error ends the sequence. Between two pages the store may change: whoever
// needs all of it as of one moment compares the store's revision before and after.
func All[T any](key func(T) string, list func(Page) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		page := Page{Limit: maxPageSize}
		for {
			some, err := list(page)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, one := range some {
				if !yield(one, nil) {
					return
				}
			}
			if len(some) < page.Limit {
				return
			}
			page.After = key(some[len(some)-1])
		}
	}
}

// collect reads a whole listing into one list.
func collect[T any](all iter.Seq2[T, error]) (list []T, err error) {
	for one, err := range all {
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// storedBindings are all bindings that q selects.
func (s *Service) storedBindings(ctx context.Context, q BindingQuery) iter.Seq2[Binding, error] {
	return All(func(b Binding) string { return b.ID }, func(p Page) ([]Binding, error) {
		return s.config.Store.Bindings(ctx, q, p)
	})
}
