package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// overview is what the template of the first page gets.
type overview struct {
	Window    lookback
	Windows   []lookbackLink
	Figures   figures
	Attention attention
	Chain     *matter // of the audit trail
	Live      string  // where the figures are fetched anew
	CSV, JSON string  // and where they are as files
	Sections  []group // for somebody who may not see the figures
}

// lookbackLink is a choice of how far back to look.
type lookbackLink struct {
	Label, Path string
	Current     bool
}

// figures are what is fetched anew again and again.
type figures struct {
	Statistics *statistics
	Panels     []panel
	Refusal    *Refusal // instead of them
}

func (c *Console) overviewPages() {
	c.read("GET /{$}", (*visit).overview)
	c.read("GET /overview/figures", (*visit).figuresPart)
	c.read("GET /overview/attention", (*visit).attentionPart)
	c.read("GET /overview.csv", exportStatistics("csv"))
	c.read("GET /overview.json", exportStatistics("json"))
}

func (v *visit) overview() error {
	w := v.lookback()
	f, err := v.figures(w)
	if err == nil && f.Refusal != nil && f.Refusal.Status == http.StatusServiceUnavailable {
		err = f.Refusal // nothing else would be there either
	}
	if err != nil {
		return err
	}
	o := overview{
		Window: w, Figures: f, Live: withQuery("/overview/figures", w.query()), Sections: navigation("overview"),
		CSV: withQuery("/overview.csv", w.query()), JSON: withQuery("/overview.json", w.query()),
	}
	for _, other := range lookbacks {
		o.Windows = append(o.Windows, lookbackLink{other.Label, withQuery("/", other.query()), other.Key == w.Key})
	}
	if o.Attention, err = v.attention(); err != nil {
		return err
	}
	if o.Chain, err = v.chainMatter(); err != nil {
		return err
	}
	return v.show(http.StatusOK, "overview", Page{Title: "Overview", Section: "overview", Content: o})
}

// figures asks for them. Not to be allowed to see them is an answer as well, as is a store that is away: the page says so at
// their place, and goes on asking.
func (v *visit) figures(w lookback) (f figures, err error) {
	s, err := v.statistics(w)
	if refusal := refused(err); refusal != nil && refusal.Status != http.StatusUnauthorized {
		return figures{Refusal: refusal}, nil
	}
	if err != nil {
		return f, err
	}
	f.Statistics = s
	f.Panels, err = s.panels(w, v.console.config.Now())
	return f, err
}

// isPart reports whether a script asks for a part of a page. Somebody who opens its address by hand is sent to the page.
func (v *visit) isPart() bool { return v.r.Header.Get("Hx-Request") == "true" }

func (v *visit) figuresPart() error {
	w := v.lookback()
	if !v.isPart() {
		return v.done(withQuery("/", w.query()), "")
	}
	f, err := v.figures(w)
	if err != nil {
		return err
	}
	return v.part("overview", overview{Window: w, Figures: f})
}

func (v *visit) attentionPart() error {
	if !v.isPart() {
		return v.done("/", "")
	}
	a, err := v.attention()
	if err != nil {
		return err
	}
	return v.part("attention", a)
}

// exportStatistics is what the charts show as a file.
func exportStatistics(kind string) serve {
	return func(v *visit) error {
		e := export{Name: "overview", Member: "intervals", Columns: rowColumns}
		e.Page = func(string) ([]json.RawMessage, string, int, error) {
			s, err := v.statistics(v.lookback())
			if err != nil {
				return nil, "", 0, err
			}
			var rows []json.RawMessage
			for i := range s.Intervals {
				text, err := json.Marshal(s.Intervals[i].row())
				if err != nil {
					return nil, "", 0, err
				}
				rows = append(rows, text)
			}
			return rows, "", len(rows), nil
		}
		return e.write(v, kind)
	}
}

// sentence makes one of the API's words: those of problems begin small and have no point.
func sentence(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	if size == 0 {
		return ""
	}
	words = string(unicode.ToUpper(first)) + words[size:]
	return strings.TrimSuffix(words, ".") + cmp.Or(map[string]string{"?": "", "!": ""}[words[len(words)-1:]], ".")
}
