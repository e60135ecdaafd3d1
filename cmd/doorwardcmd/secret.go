package doorwardcmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/doorward/doorward/tokens"
)

// tokenVariable is where scripts that use a token keep it, as the quickstart's examples do.
const tokenVariable = "DOORWARD_TOKEN"

// maxSecret bounds what is read for a token, in bytes. The longest token is shorter by far.
const maxSecret = 4096

// noSecretArgument refuses arguments where a token could be meant, without repeating them.
func noSecretArgument(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageErrorf("`%s` takes no arguments: others can read a command line; give the token with --file or on standard "+
		"input. If you have just typed one, replace it", cmd.CommandPath())
}

// readSecret reads a token from the file ("-": standard input), else from the environment variable where one is named
// and set, else from standard input. Errors do not repeat what was read.
func readSecret(cmd *cobra.Command, file, variable string) (tokens.Secret, error) {
	text, err := secretText(cmd, file, variable)
	if err != nil {
		return tokens.Secret{}, fmt.Errorf("the token cannot be read: %w", err)
	}
	// One line end is the editor's or the terminal's. More, or a space, is not trimmed: it may be a second token.
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	switch {
	case text == "":
		return tokens.Secret{}, errors.New("the token cannot be read: there is nothing")
	case strings.ContainsAny(text, " \t\r\n"):
		return tokens.Secret{}, errors.New("the token cannot be read: expected one token alone, without spaces or further lines")
	}
	return tokens.NewSecret(text), nil
}

func secretText(cmd *cobra.Command, file, variable string) (string, error) {
	if file != "" && file != "-" {
		text, err := readFile(file, maxSecret)
		return string(text), err
	}
	if file == "" && variable != "" {
		if text, ok := os.LookupEnv(variable); ok {
			return text, nil
		}
	}
	in := cmd.InOrStdin()
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return askSecret(cmd.ErrOrStderr(), f)
	}
	text, err := readAtMost(in, maxSecret)
	return string(text), err
}

// askSecret reads from a terminal without showing what is typed.
func askSecret(prompt io.Writer, terminal *os.File) (string, error) {
	fmt.Fprint(prompt, "Token: ")
	text, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(prompt)
	return string(text), err
}
