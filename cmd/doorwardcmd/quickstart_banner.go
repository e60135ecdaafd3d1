package doorwardcmd

import (
	"bytes"
	_ "embed" // the text
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
)

// banner is what a start has to tell. Token is "" when there was one before.
type banner struct{ Gateway, Console, Data, Upstream, Token, CreateCommand string }

//go:embed quickstart_banner.txt
var bannerText string

var bannerTemplate = template.Must(template.New("banner").Parse(bannerText))

// write writes in one piece, so that no line of the log can come between.
func (b banner) write(w io.Writer) error {
	var text bytes.Buffer
	if err := bannerTemplate.Execute(&text, b); err != nil {
		return err
	}
	_, err := w.Write(text.Bytes())
	return err
}

// createCommand is the line that makes another token in this store, from the folder in which this command was started.
func createCommand(cmd *cobra.Command, store string) string {
	noun := strings.TrimSuffix(cmd.CommandPath(), " "+cmd.Name())
	if started, err := os.Executable(); err == nil && strings.Contains(filepath.ToSlash(started), "/go-build") {
		noun = "go run ./cmd/doorward" // no binary of this name is at hand
	}
	return noun + " token create --store " + shellQuote(store) + " --name trial --scope metrics.read,apiTokens.write"
}

// shellQuote quotes for a POSIX shell what needs it.
func shellQuote(word string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-./:=@%+,", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
