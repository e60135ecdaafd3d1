package doorwardcmd

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/fault"
)

// verbAndErrors is a verb below a noun, and what it writes to stderr.
func verbAndErrors() (*cobra.Command, *bytes.Buffer) {
	noun, verb, errs := &cobra.Command{Use: "token"}, &cobra.Command{Use: "show"}, new(bytes.Buffer)
	noun.AddCommand(verb)
	verb.SetErr(errs)
	return verb, errs
}

// Attack: a token on a command line is one slip away from a terminal's scrollback and a CI log.
// Invariant: an argument of any kind yields an identifier of the documented shape or an error, and neither that, nor a
// warning, nor an error has anything of what follows the identifier.
func FuzzIdentifiers(f *testing.F) {
	const id = "dt0c01.ST2EY72KQINMH574WMNVI7YN"
	for _, seed := range []string{
		id, id + "." + strings.Repeat("S", 64), id + ".", id + "..", "", ".", "a6e91657-1fa7-4742-af40-39469b92bd65",
		"abcdefjhij1234567890", "dt0c01", "shop01.AAAAAAAA.secret\nsecret", "DT0C01.A", "dt0c01.\x1b[31m", "--help",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		verb, errs := verbAndErrors()
		ids, err := identifiers(verb, []string{arg})
		if err != nil {
			if _, ok := errors.AsType[usageError](err); !ok || len(ids) > 0 {
				t.Fatalf("%v with error %v", ids, err)
			}
			if len(arg) > 40 && strings.Contains(err.Error(), arg) {
				t.Fatal("the error repeats the argument")
			}
			return
		}
		if len(ids) != 1 || !uuidShape.MatchString(ids[0]) && strings.Count(ids[0], ".") != 1 || !strings.HasPrefix(arg, ids[0]) {
			t.Fatalf("identifiers %q", ids)
		}
		if secret := strings.TrimPrefix(arg, ids[0]+"."); secret != arg {
			if !strings.Contains(errs.String(), "warning") {
				t.Fatal("no warning")
			}
			if len(secret) > 40 && strings.Contains(errs.String(), secret) {
				t.Fatal("the warning repeats the secret")
			}
		}
	})
}

func TestReadSecret(t *testing.T) {
	for name, test := range map[string]struct{ text, want, err string }{
		"alone":              {text: "dt0c01.A.B", want: "dt0c01.A.B"},
		"a line":             {text: "dt0c01.A.B\n", want: "dt0c01.A.B"},
		"a line of DOS":      {text: "dt0c01.A.B\r\n", want: "dt0c01.A.B"},
		"nothing":            {err: "there is nothing"},
		"an empty line":      {text: "\n", err: "there is nothing"},
		"two lines":          {text: "one\ntwo\n", err: "expected one token alone"},
		"an empty line more": {text: "one\n\n", err: "expected one token alone"},
		"a space before":     {text: " one", err: "expected one token alone"},
		"too long":           {text: strings.Repeat("S", maxSecret+1), err: "longer than 4096 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			verb, _ := verbAndErrors()
			verb.SetIn(strings.NewReader(test.text))
			for _, source := range []string{file, "-", ""} {
				secret, err := readSecret(verb, source, "")
				if source != file {
					verb.SetIn(strings.NewReader(test.text))
				}
				if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
					t.Fatalf("error %v, want one with %q", err, test.err)
				}
				if err != nil && strings.Contains(err.Error(), "one\n") {
					t.Errorf("the error repeats the text: %v", err)
				}
				if secret.Reveal() != test.want {
					t.Errorf("read %q from %q, want %q", secret.Reveal(), source, test.want)
				}
			}
		})
	}
}

func TestExplain(t *testing.T) {
	cause := errors.New("disk full")
	for want, err := range map[string]error{
		"There is no such token.":              fault.New(fault.NotFound, "There is no such token.", cause),
		"The store does not answer: disk full": fault.New(fault.Unavailable, "The store does not answer.", cause),
		"The token could not be made":          fault.New(fault.Internal, "The token could not be made.", nil),
		"disk full":                            cause,
	} {
		if got := explain(err); got != want {
			t.Errorf("explain(%v) = %q, want %q", err, got, want)
		}
	}
}

// Attack: the text of an error, part of which somebody else chose, moves the cursor, clears the screen or forges a
// second message; or it carries a token. Invariant: one line of printable characters, masked.
func TestRemarksAreOneMaskedLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		verb, errs := verbAndErrors()
		remark(verb, "%s dt0c01.ST2EY72KQINMH574WMNVI7YN.%s", text, strings.Repeat("S", 64))
		line, rest, _ := strings.Cut(errs.String(), "\n")
		if rest != "" || strings.ContainsAny(line, "\x1b\r\x00\u202e\u2028") || strings.Contains(line, "SSSS") {
			t.Fatalf("remark %q", errs)
		}
	})
}

// Property: the shell reads back the word that was quoted.
func TestShellQuote(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell")
	}
	words := []string{"", "sqlite:./data/doorward.db", "a b", "it's", `"$HOME"`, "`ls`", "a\\b", "*", "~", "ä", "a;b&c|d", "-n"}
	for _, word := range words {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+shellQuote(word)).Output()
		if diff := cmp.Diff(word, string(out)); diff != "" || err != nil && word != "-n" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	if got := shellQuote("sqlite:./data/doorward.db"); strings.Contains(got, "'") {
		t.Errorf("quotes where none are needed: %s", got)
	}
}
