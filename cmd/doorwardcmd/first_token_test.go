package doorwardcmd

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

// Attack: none; a race. Several starts find the store empty at the same time.
// Invariant: one administrator's token is made, and one start has its text.
func TestFirstTokenIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	options := module.AdministrationOptions{Store: "sqlite:" + filepath.Join(dir, "doorward.db")}
	var made atomic.Int32
	var starts sync.WaitGroup
	begin := make(chan struct{})
	for range 8 {
		a, err := module.OpenAdministration(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		starts.Go(func() {
			<-begin
			secret, err := firstToken(t.Context(), a, filepath.Join(dir, "first-token.lock"))
			if err != nil {
				t.Error(err)
			}
			if secret.Reveal() != "" {
				made.Add(1)
			}
		})
	}
	close(begin)
	starts.Wait()

	a, err := module.OpenAdministration(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	stored, err := a.Tokens.List(t.Context(), tokens.Query{})
	if err != nil || len(stored) != 1 || made.Load() != 1 {
		t.Errorf("%d tokens stored, %d shown, %v; want one", len(stored), made.Load(), err)
	}
}
