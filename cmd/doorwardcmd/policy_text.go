package doorwardcmd

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/tokens"
)

// maxText bounds what is read for a policy or boundary, in bytes. The parser takes far less and says so with a position.
const maxText = 1 << 20

// namedText is a text and what it is called in messages.
type namedText struct{ name, text string }

// readText reads a file, or standard input for "-".
func readText(cmd *cobra.Command, file string) (namedText, error) {
	if file == "-" {
		text, err := readAtMost(cmd.InOrStdin(), maxText)
		return namedText{"<standard input>", string(text)}, err
	}
	text, err := readFile(file, maxText)
	return namedText{file, string(text)}, err
}

// grammar is what commands on texts need to know of policies, and of boundaries.
type grammar struct {
	noun string
	// check says everything that is wrong with a text.
	check func(text string, c *catalog.Catalog) ast.Diagnostics
	// format is the canonical form, "" with diagnostics where the text cannot be read. Names are not looked at, so that a
	// text can be formatted where the catalogue for it is not at hand.
	format func(text string) (string, ast.Diagnostics)
}

var policyGrammar = grammar{
	noun: "policy",
	check: func(text string, c *catalog.Catalog) ast.Diagnostics {
		_, found := module.ReadPolicyText(text, c)
		return found
	},
	format: func(text string) (string, ast.Diagnostics) {
		tree, found := module.ReadPolicyText(text, nil)
		if tree == nil {
			return "", found
		}
		return ast.Print(tree), found
	},
}

var boundaryGrammar = grammar{
	noun: "boundary",
	check: func(text string, c *catalog.Catalog) ast.Diagnostics {
		_, found := module.ReadBoundaryText(text, c)
		return found
	},
	format: func(text string) (string, ast.Diagnostics) {
		tree, found := module.ReadBoundaryText(text, nil)
		if tree == nil {
			return "", found
		}
		return ast.PrintBoundary(tree), found
	},
}

// judged is a text with all that is to be said about it, as --json shows it.
type judged struct {
	File        string          `json:"file"`
	Errors      int             `json:"errors"`
	Warnings    int             `json:"warnings"`
	Diagnostics ast.Diagnostics `json:"diagnostics"` // never null
}

// judgedText makes what is said fit to be shown: on one line, without secrets.
func judgedText(file string, found ast.Diagnostics) judged {
	j := judged{File: oneLine(tokens.Mask(file)), Diagnostics: ast.Diagnostics{}}
	for _, d := range found {
		d.Source, d.Message, d.Suggestion = shown(d.Source), shown(d.Message), shown(d.Suggestion)
		j.Diagnostics = append(j.Diagnostics, d)
		if d.Severity == ast.Warning {
			j.Warnings++
		} else {
			j.Errors++
		}
	}
	return j
}

func shown(text string) string { return oneLine(tokens.Mask(text)) }

// write writes file:line:column: message, a line for each. What has no place of its own is about the file as a whole.
func (j judged) write(w io.Writer) error {
	for _, d := range j.Diagnostics {
		separator := ":"
		if d.Source != "" || d.Pos == (ast.Position{}) {
			separator = ": "
		}
		if _, err := fmt.Fprintln(w, j.File+separator+d.String()); err != nil {
			return err
		}
	}
	return nil
}

// refusal writes what is said to stderr and fails the command when an error is among it.
func (j judged) refusal(cmd *cobra.Command) error {
	if err := j.write(cmd.ErrOrStderr()); err != nil || j.Errors == 0 {
		return err
	}
	return errReported
}

// fileProblem is a diagnostic about a file that could not be looked at.
func fileProblem(noun string, err error) ast.Diagnostics {
	return ast.Diagnostics{{Code: "unreadable", Message: fmt.Sprintf("the %s cannot be read: %v", noun, err)}}
}

// catalogFlags name the files of operators' own services.
type catalogFlags struct{ files []string }

func (f *catalogFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.files, "catalog", nil, "File with services of your own, in YAML or JSON; may be repeated")
}

// read is the embedded reference with the files added.
func (f *catalogFlags) read() (*catalog.Catalog, error) {
	return mergeCatalogs(f.files)
}

func mergeCatalogs(files []string) (*catalog.Catalog, error) {
	merged := catalog.Default()
	for _, file := range files {
		source, err := readFile(file, maxText)
		if err != nil {
			return nil, fmt.Errorf("the catalogue cannot be read: %w", err)
		}
		if merged, err = merged.Merge(source); err != nil {
			return nil, fmt.Errorf("the catalogue %s has an error: %w", file, err)
		}
	}
	return merged, nil
}

// pairs reads flags of the form name=value.
func pairs(flag string, texts []string) (map[string]string, error) {
	read := map[string]string{}
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		if _, repeated := read[name]; repeated || !found || name == "" {
			return nil, usageErrorf("--%s is name=value, each name once", flag)
		}
		if tokens.Mask(text) != text {
			return nil, usageErrorf("a value of --%s contains the secret of a token; replace that token", flag)
		}
		read[name] = value
	}
	return read, nil
}

// filesOf are the arguments of a verb that takes files.
func filesOf(cmd *cobra.Command, args []string, what string) ([]string, error) {
	stdin := 0
	for _, arg := range args {
		if arg == "-" {
			stdin++
		}
	}
	switch {
	case len(args) == 0:
		return nil, usageErrorf("name at least one file with %s, or - for standard input; see `%s --help`", cmp.Or(what, "a text"), cmd.CommandPath())
	case stdin > 1:
		return nil, usageErrorf("standard input can be read once; name - once")
	}
	return args, nil
}
