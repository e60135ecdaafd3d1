package oauth2

// ParseForm and ParseBasic are what the fuzz targets feed.
func ParseForm(text string) (map[string][]string, error) { return parseForm(text) }

func ParseBasic(header string) (id, secret string, ok bool) {
	c, ok := parseBasic(header)
	return c.id, c.secret.Reveal(), ok
}

// Quoted is what an answer may have of a text.
func Quoted(text string) string { return quoted(text) }
