package doorwardcmd

import (
	"context"
	_ "embed" // the Caddyfile
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

//go:embed quickstart.Caddyfile
var quickstartCaddyfile []byte

// config fills the Caddyfile in. The values go in as environment variables, which is how the same file takes them when
// somebody runs it by hand. XDG_DATA_HOME is where Caddy keeps what no config can move: a trial leaves nothing outside of
// its folder.
func (q *quickstart) config(gateway, console *frontListener, upstream string) ([]byte, error) {
	bind, port := gateway.site()
	consoleBind, consolePort := console.site()
	for name, value := range map[string]string{
		"XDG_DATA_HOME":         q.data,
		"DOORWARD_DATA":         q.data,
		"DOORWARD_BIND":         bind,
		"DOORWARD_PORT":         port,
		"DOORWARD_UPSTREAM":     upstream,
		"DOORWARD_CONSOLE_BIND": consoleBind,
		"DOORWARD_CONSOLE_PORT": consolePort,
		"DOORWARD_GATEWAY":      gateway.url(),
	} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	return adapt("quickstart.Caddyfile", quickstartCaddyfile, "caddyfile")
}

// firstKey makes the encryption key where there is none. Later starts find it, and what was encrypted with it stays readable.
// The lock is for two starts at a time, of which one would read half a key.
func firstKey(file, lock string) error {
	unlock, err := lockedfile.MutexAt(lock).Lock()
	if err != nil {
		return fmt.Errorf("the data folder cannot be written: %w", err)
	}
	defer unlock()
	if err := createKey(file); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the encryption key cannot be written: %w", err)
	}
	return nil
}

// awaitGateway asks for something without a credential: the refusal shows that all is in place.
func awaitGateway(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v2/apiTokens", http.NoBody)
	if err != nil {
		return err
	}
	direct := &http.Transport{DisableKeepAlives: true} // past any proxy of the environment
	response, err := direct.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("the gateway does not answer: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		return fmt.Errorf("the gateway answers %d to a request without a credential, which it must refuse", response.StatusCode)
	}
	return nil
}

// firstToken makes the administrator's token where the store has no token at all, and returns the zero Secret where it
// has. The lock is for two starts at a time on different ports: one makes the token, the other finds it.
func firstToken(ctx context.Context, a *module.Administration, lock string) (tokens.Secret, error) {
	unlock, err := lockedfile.MutexAt(lock).Lock()
	if err != nil {
		return tokens.Secret{}, fmt.Errorf("the data folder cannot be written: %w", err)
	}
	defer unlock()
	some, err := a.Tokens.List(ctx, tokens.Query{Limit: 1})
	if err != nil || len(some) > 0 {
		return tokens.Secret{}, err
	}
	var everything []string
	for _, s := range a.Scopes.All() {
		everything = append(everything, s.Value)
	}
	created, err := a.Tokens.Create(ctx, actor(), tokens.CreateRequest{Attributes: tokens.Attributes{
		Name: "administrator", Owner: "admin", Environment: a.Environment,
		Scopes: everything, Cluster: true, AllowUncreatable: true, Administrator: true,
	}})
	return created.Secret, err
}
