package doorwardcmd

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

// Exit codes. Caddy itself uses 1 for all that goes wrong.
const (
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a command line that cannot be meant as it stands.
type usageError struct{ sentence string }

func (e usageError) Error() string { return e.sentence }

func usageErrorf(format string, values ...any) error {
	return usageError{fmt.Sprintf(format, values...)}
}

// errReported fails a command whose errors have been written already.
var errReported = errors.New("reported")

// outcome writes an error as one line to stderr and gives Caddy's main function what it takes for the exit code.
func outcome(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	if !errors.Is(err, errReported) {
		remark(cmd, "%s", explain(err))
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitCode(cmd, exitUsage)
	}
	return errReported
}

// exitCode is an error for which caddycmd.Main exits with a code above exitFailed. The type is Caddy's and not exported;
// the wrapper makes one of a function's result.
func exitCode(cmd *cobra.Command, code int) error {
	wrapped := caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return code, nil })
	return wrapped(cmd, nil)
}

// remark writes a line to stderr, masked, whatever it was made of.
func remark(cmd *cobra.Command, format string, values ...any) {
	fmt.Fprintf(cmd.ErrOrStderr(), "doorward: %s\n", oneLine(tokens.Mask(fmt.Sprintf(format, values...))))
}

// explain is an error in words for whoever sits at the terminal. Where that person can do something about it the public
// sentence says what; everything else is for an operator, who is told the cause.
func explain(err error) string {
	if f, ok := err.(*fault.Fault); ok { //nolint:errorlint // one that is wrapped has been given words of its own
		switch f.Kind {
		case fault.Invalid, fault.NotFound, fault.Conflict, fault.Forbidden:
			return f.Public
		case fault.Internal, fault.Unavailable:
			return strings.TrimSuffix(f.Public, ".") + causeOf(f)
		}
	}
	return err.Error()
}

func causeOf(f *fault.Fault) string {
	if f.Cause == nil {
		return ""
	}
	return ": " + f.Cause.Error()
}

// oneLine keeps a text from moving the terminal's cursor or looking like two messages.
func oneLine(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}
