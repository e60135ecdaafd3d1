package doorwardcmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"
)

// fmtVerb brings texts into their canonical form.
func fmtVerb(g grammar) *cobra.Command {
	var f formatter
	cmd := &cobra.Command{
		Use:   "fmt [-w] [-d] <file>…",
		Short: "Brings the text of a " + g.noun + " into its canonical form",
		Long: `Brings the text of each file (- is standard input) into its canonical form and writes it to standard output. Comments stay
with the statement or condition that they stand at. A text that cannot be read is left alone, and its errors are shown.

With -d only the differences are shown, and the exit code is 1 when there are any, which suits a check before a merge.`,
	}
	cmd.Flags().BoolVarP(&f.write, "write", "w", false, "Write the result back to the file instead")
	cmd.Flags().BoolVarP(&f.diff, "diff", "d", false, "Show the differences instead")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		files, err := filesOf(cmd, args, "a "+g.noun)
		if err != nil {
			return err
		}
		var failed error
		for _, file := range files {
			if file == "-" && f.write {
				return usageErrorf("-w writes to files; standard input is none")
			}
		}
		for _, file := range files {
			if err := f.file(cmd, g, file); errors.Is(err, errReported) {
				failed = err
			} else if err != nil {
				return err
			}
		}
		return failed
	})
	return cmd
}

// formatter is what to do with the canonical form.
type formatter struct{ write, diff bool }

func (f formatter) file(cmd *cobra.Command, g grammar, file string) error {
	t, err := readText(cmd, file)
	if err != nil {
		return judgedText(file, fileProblem(g.noun, err)).refusal(cmd)
	}
	formatted, found := g.format(t.text)
	if j := judgedText(t.name, found); j.Errors > 0 {
		return j.refusal(cmd)
	}
	// A form that does not read back as itself would be a defect of the printer, and is not worth anybody's file.
	if again, _ := g.format(formatted); again != formatted {
		return fmt.Errorf("%s: the canonical form does not read back, so it is not used", t.name)
	}
	return f.emit(cmd, t, formatted)
}

func (f formatter) emit(cmd *cobra.Command, t namedText, formatted string) error {
	changed := formatted != t.text
	if f.diff && changed {
		text := diff.Diff(t.name, []byte(t.text), t.name+" (formatted)", []byte(formatted))
		if _, err := cmd.OutOrStdout().Write(text); err != nil {
			return err
		}
	}
	switch {
	case f.write && changed:
		return replaceFile(t.name, formatted)
	case f.write:
		return nil
	case f.diff && changed:
		return errReported
	case f.diff:
		return nil
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), formatted)
	return err
}

// replaceFile puts a new text in the place of a file in one step: a full disk leaves the old one. A link stays a link.
func replaceFile(file, text string) (err error) {
	if file, err = filepath.EvalSymlinks(file); err != nil {
		return err
	}
	before, err := os.Stat(file)
	if err != nil {
		return err
	}
	made, err := os.CreateTemp(filepath.Dir(file), ".doorward-fmt-*")
	if err != nil {
		return err
	}
	if err = fill(made, text, before.Mode().Perm()); err == nil {
		err = os.Rename(made.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(made.Name()))
	}
	return nil
}

// fill writes and closes a file.
func fill(f *os.File, text string, mode os.FileMode) error {
	_, err := f.WriteString(text)
	return errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
}
