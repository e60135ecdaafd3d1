package doorwardcmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/remote"
)

// The words that can be typed, in the order in which messages list them.
var (
	roleWords  = []string{remote.Viewer.String(), remote.User.String(), remote.Admin.String()}
	stateWords = []string{"pending", "accepted", "rejected", "expired"}
)

func settingWords() []string {
	var words []string
	for s := remote.Off; s <= remote.ApprovedReadOnly; s++ {
		words = append(words, s.String())
	}
	return words
}

// notAmong refuses a word that is none of those there are, and names the one that was likely meant.
func notAmong(what, word string, words []string) error {
	text := what + " is " + strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
	if near := nearestWord(word, words); near != "" {
		text += "; did you mean " + near + "?"
	}
	return usageErrorf("%s", text)
}

// nearestWord knows a word by what is typed of it, too: viewer, for devops-viewer.
func nearestWord(word string, words []string) string {
	word = strings.ToLower(word)
	if near := ast.Nearest(word, slices.Values(words)); near != "" {
		return near
	}
	for _, known := range words {
		if len(word) > 2 && strings.Contains(known, word) {
			return known
		}
	}
	return ""
}

func settingOf(args []string) (remote.Setting, error) {
	if len(args) > 1 {
		return remote.Off, usageErrorf("name one setting")
	}
	s, ok := remote.ParseSetting(args[0])
	if !ok {
		return remote.Off, notAmong("the setting", args[0], settingWords())
	}
	return s, nil
}

// roleOf reads a --role; NoRole where none is given.
func roleOf(word string) (remote.Role, error) {
	if word == "" {
		return remote.NoRole, nil
	}
	role, ok := remote.ParseRole(word)
	if !ok {
		return remote.NoRole, notAmong("--role", word, roleWords)
	}
	return role, nil
}

// stateOf reads a state, in capital letters as in the API or in small ones; "" where none is given.
func stateOf(flag, word string) (remote.State, error) {
	if word == "" {
		return "", nil
	}
	state, ok := remote.ParseState(strings.ToUpper(word))
	if !ok {
		return "", notAmong(flag, word, stateWords)
	}
	return state, nil
}

// userOf reads the name of a user in its one spelling.
func userOf(name string) (string, error) {
	user, ok := remote.CanonicalUser(name)
	if !ok {
		return "", usageErrorf("a user is named with letters, digits and characters of an e-mail address; no others, because some letters look like these")
	}
	return user, nil
}

// requestIDs reads arguments that name requests, at least one. An argument that is something else is not repeated: it may be
// a token.
func requestIDs(cmd *cobra.Command, args []string) ([]string, error) {
	list := "`" + cmd.Parent().CommandPath() + " list`"
	if len(args) == 0 {
		return nil, usageErrorf("name a request by its identifier; %s shows them", list)
	}
	var ids []string
	for i, arg := range args {
		if !isIdentifier(arg) {
			return nil, usageErrorf("argument %d is not the identifier of a request, such as 7a397770-86b7-473b-b23e-4a07d79f2eff; %s shows them", i+1, list)
		}
		ids = append(ids, strings.ToLower(arg))
	}
	return ids, nil
}
