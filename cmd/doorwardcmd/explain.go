package doorwardcmd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/decisionlog"
	"github.com/doorward/doorward/tokens"
)

var explainNoun = caddycmd.Command{
	Name:  "explain",
	Usage: "<decision> | --token-id <id>|--token-file <file>|--user <user> <method> <path>",
	Short: "Says why a request was let through or not, or would be",
	Long: `
Says why a request was let through or refused: which stage decided, which statement of which policy, and what was missing.

With the identifier of a decision, which every refused client is sent as X-Doorward-Decision-Id, it reads the decision log
of the config (--config, or ./Caddyfile where there is one), or the one in --folder. The gateway keeps one where its config
has the option decision_log; refusals are always in it, and of other requests a sample.

With a method and a path it decides a request here and now, by the rows of the config and the tokens and policies of the
store, and says what would have to change to let it through. Nothing is sent, and the token does not count as used. The
request has

	--token-id    a token of the store; its secret is not needed
	--token-file  the token in a file, or - for standard input
	--user        a user alone: asks the policies, as if for a personal token with every scope

A token is never taken from the command line, where others could read it.`,
	CobraFunc: func(cmd *cobra.Command) {
		var e explaining
		e.register(cmd)
		beVerb(cmd, e.run)
	},
}

// explaining is one call of the command.
type explaining struct {
	store                                  storeFlags
	folder, tokenID, tokenFile, user, host string
	environment, from, body                string
	headers                                []string
	asJSON                                 bool
}

func (e *explaining) register(cmd *cobra.Command) {
	e.store.register(cmd)
	f := cmd.Flags()
	f.StringVar(&e.folder, "folder", "", "Folder of the decision log, instead of the config's")
	f.StringVar(&e.tokenID, "token-id", "", "Identifier of the token that the request has")
	f.StringVar(&e.tokenID, "token", "", "Short for --token-id; an identifier too, never a secret")
	f.StringVar(&e.tokenFile, "token-file", "", "File with the token that the request has; - is standard input")
	f.StringVar(&e.user, "user", "", "User whose request it is")
	f.StringVar(&e.environment, "environment", "", "Environment of the request, unless its path names one")
	f.StringVar(&e.from, "from", "", "Address that the request comes from, for tokens that are good in some networks only")
	f.StringVar(&e.host, "host", "", "Host that the request is for, where the config has several sites")
	f.StringArrayVarP(&e.headers, "header", "H", nil, "Header of the request, as name: value; may be given several times")
	f.StringVar(&e.body, "body", "", "File with the body of the request; - is standard input")
	f.BoolVar(&e.asJSON, "json", false, "As JSON")
}

func (e *explaining) run(cmd *cobra.Command, args []string) error {
	if err := e.noSecrets(cmd, args); err != nil {
		return err
	}
	switch len(args) {
	case 1:
		return e.recorded(cmd, args[0])
	case 2:
		return e.rehearsed(cmd, args[0], args[1])
	}
	return usageErrorf("name a decision by its identifier, or a request by its method and path; see `%s --help`", cmd.CommandPath())
}

// noSecrets refuses a command line that has a token on it, wherever, without repeating it.
func (e *explaining) noSecrets(cmd *cobra.Command, args []string) error {
	texts := append([]string{e.tokenID, e.user, e.environment, e.host}, args...)
	for _, text := range append(texts, e.headers...) {
		if tokens.Mask(text) != text {
			return usageErrorf("`%s` takes no token as an argument: others can read a command line; name it with --token-id, or "+
				"give it with --token-file. Replace the one that you have just typed", cmd.CommandPath())
		}
	}
	return nil
}

// decisionShape is the identifier of a decision.
var decisionShape = regexp.MustCompile(`^[A-Z2-7]{29}$`)

// requestFlags are of no use with the identifier of a decision.
var requestFlags = []string{"token-id", "token", "token-file", "user", "environment", "from", "host", "header", "body", "store"}

func (e *explaining) recorded(cmd *cobra.Command, id string) error {
	if !decisionShape.MatchString(id) {
		return usageErrorf("this is not the identifier of a decision, which has 29 characters of A-Z and 2-7; a request needs a method and a path")
	}
	for _, name := range requestFlags {
		if cmd.Flags().Changed(name) {
			return usageErrorf("--%s is about a request that is decided now; leave it out with the identifier of a decision", name)
		}
	}
	folder, err := e.ringFolder()
	if err != nil {
		return err
	}
	record, err := decisionlog.Find(cmd.Context(), folder, id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no decision log at %s; name another with --folder or --config, or switch it on with the global option decision_log", folder)
	case errors.Is(err, decisionlog.ErrNotFound):
		return fmt.Errorf("the decision log at %s has no such decision: it was too long ago, or it was let through and is not in the sample", folder)
	case err != nil:
		return err
	}
	return e.write(cmd, module.Explanation{Record: record}, record)
}

func (e *explaining) ringFolder() (string, error) {
	if e.folder != "" {
		return e.folder, nil
	}
	config, err := readConfig(e.store.config, e.store.adapter)
	if err != nil {
		return "", err
	}
	return module.DecisionFolder(config)
}

func (e *explaining) rehearsed(cmd *cobra.Command, method, target string) error {
	request := module.ExplainRequest{
		Method: method, Target: target, Host: e.host, Address: e.from, Environment: e.environment, TokenID: e.tokenID, User: e.user,
	}
	if err := e.readInputs(cmd, &request); err != nil {
		return err
	}
	options, err := e.store.options(mustExist)
	if err != nil {
		return err
	}
	explained, err := module.Explain(cmd.Context(), options, request)
	if err != nil {
		return err
	}
	return e.write(cmd, explained, explained)
}

// readInputs reads what the flags name.
func (e *explaining) readInputs(cmd *cobra.Command, request *module.ExplainRequest) (err error) {
	given := 0
	for _, text := range []string{e.tokenID, e.tokenFile, e.user} {
		if text != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return usageErrorf("say whose request it is with one of --token-id, --token-file and --user")
	case e.folder != "":
		return usageErrorf("--folder is where to look a decision up; leave it out with a method and a path")
	case e.tokenFile == "-" && e.body == "-":
		return usageErrorf("standard input cannot be both the token and the body")
	}
	if e.tokenID != "" {
		ids, err := identifiers(cmd, []string{e.tokenID})
		if err != nil {
			return err
		}
		request.TokenID = ids[0]
	}
	if e.tokenFile != "" {
		if request.Token, err = readSecret(cmd, e.tokenFile, ""); err != nil {
			return err
		}
	}
	if request.Header, err = headersOf(e.headers); err != nil {
		return err
	}
	request.Body, err = e.readBody(cmd)
	return err
}

// maxExplainedBody is the largest body that any row can have judged.
const maxExplainedBody = 64 << 20

func (e *explaining) readBody(cmd *cobra.Command) (body []byte, err error) {
	switch e.body {
	case "":
		return nil, nil
	case "-":
		body, err = readAtMost(cmd.InOrStdin(), maxExplainedBody)
	default:
		body, err = readFile(e.body, maxExplainedBody)
	}
	if err != nil {
		return nil, fmt.Errorf("the body cannot be read: %w", err)
	}
	return body, nil
}

// credentialHeaders are those that carry secrets in any form, a token of the old format among them.
var credentialHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie"}

func headersOf(lines []string) (http.Header, error) {
	header := http.Header{}
	for i, line := range lines {
		name, value, found := strings.Cut(line, ":")
		if !found || name == "" || strings.ContainsAny(name, " \t") {
			return nil, usageErrorf("header %d: expected name: value", i+1)
		}
		name = http.CanonicalHeaderKey(name)
		for _, secret := range credentialHeaders {
			if name == secret {
				return nil, usageErrorf("header %d: %s holds a secret, which others could read on the command line; use --token-id or --token-file", i+1, name)
			}
		}
		header.Add(name, strings.TrimSpace(value))
	}
	return header, nil
}

// write shows an explanation, or a value for --json, and no secret whatever it was made of.
func (e *explaining) write(cmd *cobra.Command, explained module.Explanation, value any) error {
	var b bytes.Buffer
	if e.asJSON {
		if err := writeJSON(&b, value); err != nil {
			return err
		}
	} else {
		writeExplanation(&b, explained)
	}
	_, err := cmd.OutOrStdout().Write(tokens.MaskBytes(b.Bytes()))
	return err
}
