package endpoint

import (
	"net/url"
	"slices"
	"strings"
)

// reference is what Match should answer, found in the plainest way: try every row, keep the strongest. It shares no
// code with the tree.
func reference(rows []*Endpoint, method, path string) (*Endpoint, []string) {
	row, values := strongest(rows, method, path)
	if row == nil && method == "HEAD" {
		row, values = strongest(rows, "GET", path)
	}
	return row, values
}

func strongest(rows []*Endpoint, method, path string) (best *Endpoint, values []string) {
	if !strings.HasPrefix(path, "/") {
		return nil, nil
	}
	var bestRanks []int
	for _, row := range rows {
		if row.Method != method {
			continue
		}
		ranks, found, ok := fitRow(row.Template, path)
		if ok && (best == nil || slices.Compare(ranks, bestRanks) < 0) {
			best, bestRanks, values = row, ranks, found
		}
	}
	return best, values
}

// fitRow compares segment by segment and gives the rank of each: literal 0, verb 1, parameter 2, tail 3.
func fitRow(template, path string) (ranks []int, values []string, ok bool) {
	wanted, given := strings.Split(template, "/")[1:], strings.Split(path, "/")[1:]
	for i, want := range wanted {
		if i >= len(given) {
			return nil, nil, false
		}
		if strings.HasSuffix(want, "...}") {
			rest := given[i:]
			if len(rest) > 1 && rest[len(rest)-1] == "" {
				rest = rest[:len(rest)-1]
			}
			if !slices.ContainsFunc(rest, func(s string) bool { return !plain(s) }) {
				return append(ranks, 3), append(values, strings.Join(given[i:], "/")), true
			}
			return nil, nil, false
		}
		rank, value, fits := fitSegment(want, given[i])
		if !fits {
			return nil, nil, false
		}
		ranks = append(ranks, rank)
		if rank > 0 {
			values = append(values, value)
		}
	}
	return ranks, values, len(given) == len(wanted)
}

func fitSegment(want, given string) (rank int, value string, ok bool) {
	text, err := url.PathUnescape(given)
	if err != nil {
		return 0, "", false
	}
	if !strings.HasPrefix(want, "{") {
		want, err = url.PathUnescape(want)
		return 0, "", err == nil && want == text
	}
	_, verb, isVerb := strings.Cut(want, "}:")
	if !isVerb {
		return 2, given, plain(given)
	}
	// A verb begins at the last colon, which may be escaped.
	for cut := len(given) - 1; cut > 0; cut-- {
		end, err := url.PathUnescape(given[cut:])
		if err == nil && strings.HasPrefix(end, ":") {
			return 1, given[:cut], end[1:] == verb && plain(given[:cut])
		}
	}
	return 0, "", false
}

// plain reports whether a parameter may take the segment.
func plain(segment string) bool {
	text, err := url.PathUnescape(segment)
	return err == nil && text != "" && text != "." && text != ".."
}

// expand fills a template with escaped values: the path that the row and the values stand for.
func expand(template string, values []string) string {
	var b strings.Builder
	for _, want := range strings.Split(template, "/")[1:] {
		b.WriteByte('/')
		if !strings.HasPrefix(want, "{") {
			b.WriteString(want)
			continue
		}
		_, after, _ := strings.Cut(want, "}")
		b.WriteString(values[0] + after)
		values = values[1:]
	}
	return b.String()
}

// sameText compares two paths segment by segment after unescaping, so that an escaped slash stays within its segment.
func sameText(a, b string) bool {
	unescaped := func(path string) []string {
		segments := strings.Split(path, "/")
		for i, s := range segments {
			segments[i], _ = url.PathUnescape(s)
		}
		return segments
	}
	return slices.Equal(unescaped(a), unescaped(b))
}
