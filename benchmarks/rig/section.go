package rig

import (
	"fmt"
	"os"
	"strings"
)

// ReplaceSection puts text between the lines "<!-- name:begin -->" and "<!-- name:end -->" of a document, each of which stands in it
// once. The rest stays as it is.
func ReplaceSection(document, name, text string) (string, error) {
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	if strings.Count(document, begin) != 1 || strings.Count(document, end) != 1 {
		return "", fmt.Errorf("the document needs one line %q and one %q", strings.TrimSpace(begin), end)
	}
	before, rest, _ := strings.Cut(document, begin)
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("the document has %q before %q", end, strings.TrimSpace(begin))
	}
	return before + begin + "\n" + strings.TrimSpace(text) + "\n\n" + end + after, nil
}

// WriteSection replaces a section of a file, see ReplaceSection.
func WriteSection(file, name, text string) error {
	document, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	replaced, err := ReplaceSection(string(document), name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(replaced), 0o644) //nolint:gosec // a document of the repository, which everybody may read
}
