package auditapi

import "github.com/doorward/doorward/internal/rest"

// ReadFilter reads a filter and gives back the text that a page key has of it.
func ReadFilter(text string) (string, error) {
	criteria, err := rest.ParseCriteria(text)
	if err != nil {
		return "", err
	}
	f, err := newFilter(criteria)
	return f.String(), err
}
