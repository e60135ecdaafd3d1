package doorwardcmd

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/internal/fault"
)

// identifierShape is an identifier, or a whole token that begins with one. Kinds of a config's own have the same layout.
var identifierShape = regexp.MustCompile(`^([a-z][a-z0-9]{2,15}\.[A-Za-z0-9-]{1,128})(\..*)?$`)

// uuidShape is the identifier of an old-format token.
var uuidShape = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// identifiers reads arguments that name tokens, at least one. A whole token is taken for its identifier, and its owner
// told that it has leaked: the command line stands in the list of processes and in the shell's history. An argument
// that is neither may be an old-format token or a mistyped one, and is not repeated.
func identifiers(cmd *cobra.Command, args []string) ([]string, error) {
	return identifiersOf(cmd, args, "token", "dt0c01.ST2EY72KQINMH574WMNVI7YN")
}

// identifiersOf is identifiers for whatever has identifiers and secrets of that layout.
func identifiersOf(cmd *cobra.Command, args []string, noun, example string) ([]string, error) {
	if len(args) == 0 {
		return nil, usageErrorf("name at least one %s by its identifier; `%s list` shows them", noun, cmd.Parent().CommandPath())
	}
	var ids []string
	for i, arg := range args {
		parts := identifierShape.FindStringSubmatch(arg)
		switch {
		case uuidShape.MatchString(arg):
			ids = append(ids, arg)
		case parts == nil:
			return nil, usageErrorf("argument %d is not the identifier of a %s, such as %s; `%s list` shows them",
				i+1, noun, example, cmd.Parent().CommandPath())
		default:
			ids = append(ids, parts[1])
			if parts[2] != "" {
				remark(cmd, "warning: the secret of %s was typed on a command line, where others can read it; "+
					"replace this %s, and use its identifier alone", parts[1], noun)
			}
		}
	}
	return ids, nil
}

// oneIdentifier is identifiers for a verb about one token.
func oneIdentifier(cmd *cobra.Command, args []string) (string, error) {
	ids, err := identifiers(cmd, args)
	if err != nil {
		return "", err
	}
	if len(ids) > 1 {
		return "", usageErrorf("name one token; `%s list` shows several", cmd.Parent().CommandPath())
	}
	return ids[0], nil
}

// withAdvice adds to "no such token" where to find those there are.
func withAdvice(cmd *cobra.Command, err error) error {
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	return fmt.Errorf("%s; `%s list` shows those there are", strings.TrimSuffix(explain(err), "."), cmd.Parent().CommandPath())
}
