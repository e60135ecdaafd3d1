package console

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

// templates are one for each page, by the name of its file without the ending, each with the layout and the parts in it.
// Files whose name begins with "_" are parts, which every page can use.
type templates map[string]*template.Template

func parseTemplates(files *assets) (templates, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	shared, err := template.New("frame").Funcs(functions(files)).ParseFS(templateFiles, "templates/_*.html")
	if err != nil {
		return nil, err
	}
	all := templates{}
	for _, name := range names {
		base := strings.TrimSuffix(path.Base(name), ".html")
		if strings.HasPrefix(base, "_") {
			continue
		}
		page, err := shared.Clone()
		if err != nil {
			return nil, err
		}
		if all[base], err = page.ParseFS(templateFiles, name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// run writes the page of that name, within the layout.
func (t templates) run(w io.Writer, name string, f frame) error {
	return t.execute(w, name, "layout", f)
}

// runPart writes what the page's file defines as "part", without the layout.
func (t templates) runPart(w io.Writer, name string, f frame) error {
	return t.execute(w, name, "part", f)
}

func (t templates) execute(w io.Writer, name, what string, f frame) error {
	page, known := t[name]
	if !known {
		return fmt.Errorf("there is no template %q", name)
	}
	return page.ExecuteTemplate(w, what, f)
}

// functions are what templates can call besides those of the language.
func functions(files *assets) template.FuncMap {
	return template.FuncMap{
		"asset":  files.path,
		"to":     to,
		"when":   when,
		"number": number,
		"plural": plural,
		"member": memberOf, "maxExported": func() int { return maxExported },
		"args": args,
		"join": strings.Join,
	}
}

// path is where an asset is served. A name that is none is a mistake in a template.
func (a *assets) path(name string) (string, error) {
	if at, known := a.names[name]; known {
		return at, nil
	}
	return "", fmt.Errorf("there is no asset %q", name)
}

// moment is an instant for the part "time": what a machine reads, the exact one, and what is shown without scripts.
type moment struct{ Machine, Exact, Shown string }

// when takes a time.Time, or a text as the API writes it. nil for none of them, or one that cannot be read.
func when(value any) *moment {
	var at time.Time
	switch value := value.(type) {
	case time.Time:
		at = value
	case *time.Time:
		if value != nil {
			at = *value
		}
	case string:
		at, _ = time.Parse(time.RFC3339, value)
	}
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &moment{
		Machine: at.Format("2006-01-02T15:04:05.000Z"),
		Exact:   at.Format("2006-01-02 15:04:05.000 UTC"),
		Shown:   at.Format("2006-01-02 15:04 UTC"),
	}
}

// number groups digits: 1,234,567.
func number(n int) string {
	text := fmt.Sprint(max(n, -n))
	var b strings.Builder
	if n < 0 {
		b.WriteByte('-')
	}
	for i, digit := range text {
		if i > 0 && (len(text)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// plural is "1 token" or "2 tokens".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// args makes the argument of a part from names and values.
func args(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("args has %d arguments, which are no pairs", len(pairs))
	}
	made := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("args: the name of a pair is a %T", pairs[i])
		}
		made[name] = pairs[i+1]
	}
	return made, nil
}
