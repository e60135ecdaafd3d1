package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
)

// profileSeconds is how long each case is profiled for.
const profileSeconds = 5

// profiles writes, for each case, where the process spends its time, as text.
func (st *stage) profiles(ctx context.Context, s settings, all []testCase) error {
	for _, c := range all {
		profile, err := st.profileOf(ctx, s, c)
		if err != nil {
			return fmt.Errorf("profile of case %s: %w", c.name, err)
		}
		if err := writeTop(ctx, filepath.Join(s.out, "profile-"+c.name), profile); err != nil {
			return fmt.Errorf("profile of case %s: %w", c.name, err)
		}
	}
	return nil
}

// profileOf takes a CPU profile while the requests of a case come.
func (st *stage) profileOf(ctx context.Context, s settings, c testCase) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sent := make(chan error, 1)
	go func() {
		_, err := load.Run(ctx, load.Plan{
			Address: st.sites[c.site].Address(), Connections: s.connections, Duration: (profileSeconds + 1) * time.Second, Next: c.next, Seed: s.seed,
		})
		sent <- err
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", st.admin, profileSeconds), http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	profile, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", response.Status, profile)
	}
	if err != nil {
		return nil, err
	}
	return profile, <-sent
}

// views are what is kept of a profile: the twenty functions that take most themselves, and what Doorward's own and those under them
// take.
var views = []struct {
	says string
	args []string
}{
	{"what takes most by itself", []string{"-top", "-nodecount=20"}},
	{"Doorward's functions, with all that they call", []string{"-top", "-cum", "-nodecount=40", "-show=github.com/doorward/doorward"}},
}

// writeTop keeps the profile only for as long as it takes to read it: it is large, and says little without the program.
func writeTop(ctx context.Context, name string, profile []byte) error {
	file := name + ".pprof"
	if err := os.WriteFile(file, profile, 0o600); err != nil {
		return err
	}
	defer os.Remove(file)
	var text bytes.Buffer
	for _, view := range views {
		var wrong bytes.Buffer
		fmt.Fprintf(&text, "# %s\n", view.says)
		cmd := exec.CommandContext(ctx, "go", append(append([]string{"tool", "pprof"}, view.args...), file)...) //nolint:gosec // a file of its own
		cmd.Stdout, cmd.Stderr = &text, &wrong
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%w: %s", err, &wrong)
		}
		text.WriteString("\n")
	}
	return os.WriteFile(name+".txt", text.Bytes(), 0o644) //nolint:gosec // a result, which everybody may read
}
