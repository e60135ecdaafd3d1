package tokens_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// settingsStore can be switched off or made to hang, and counts how often the settings are read.
type settingsStore struct {
	tokenstest.Memory
	down  atomic.Bool
	reads atomic.Int64
}

func newSettingsStore() *settingsStore {
	s := &settingsStore{}
	s.Before = func(_ context.Context, method string) error {
		if method != "Settings" {
			return nil
		}
		s.reads.Add(1)
		if s.down.Load() {
			return errDown
		}
		return nil
	}
	return s
}

func expectSwitch(t *testing.T, s *tokens.Switches, environment string, want bool, when string) {
	t.Helper()
	if got := s.PersonalTokens(environment, time.Now()); got != want {
		t.Errorf("%s: personal tokens of %s are %v", when, environment, got)
	}
}

func TestSwitchesFollowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newSettingsStore()
		setPersonal(t, store, "prod", true)
		setPersonal(t, store, "test", false)
		s := tokens.NewSwitches(tokens.SwitchesConfig{Store: store})
		defer s.Close()
		expectSwitch(t, s, "prod", false, "before anything was read")
		if err := s.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		expectSwitch(t, s, "prod", true, "loaded")
		expectSwitch(t, s, "test", false, "loaded")
		expectSwitch(t, s, "Prod", false, "loaded")
		expectSwitch(t, s, "", false, "loaded")

		// A change of another node that nobody told of holds after the lifetime, and requests do not read anything.
		setPersonal(t, store, "prod", false)
		for range 29 {
			time.Sleep(time.Second)
			expectSwitch(t, s, "prod", true, "within the lifetime")
		}
		if n := store.reads.Load(); n != 1 {
			t.Errorf("read %d times", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		expectSwitch(t, s, "prod", false, "after the lifetime")

		setPersonal(t, store, "prod", true)
		s.Forget()
		synctest.Wait()
		expectSwitch(t, s, "prod", true, "told of a change")
	})
}

// Attack: an administrator turns personal tokens off, and they go on working while the settings are read again, for as
// long as the store can be made to hang. Fix: a reading counts only while no change was heard of since it began.
// Invariant: from Forget on every switch is off until a query that began afterwards was answered; the answer to an older
// one turns nothing on.
func TestSwitchesAreOffUntilReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hangingSettings{answers: make(chan bool)}
		s := tokens.NewSwitches(tokens.SwitchesConfig{Store: store, LoadTimeout: time.Hour})
		defer s.Close()
		var loaded sync.WaitGroup
		loaded.Go(func() { _ = s.Load(t.Context()) })
		store.answers <- true
		loaded.Wait()
		expectSwitch(t, s, "prod", true, "loaded")

		s.Forget()
		expectSwitch(t, s, "prod", false, "a change was heard of")
		synctest.Wait() // the store is being asked
		s.Forget()      // and the answer is out of date before it comes
		store.answers <- true
		synctest.Wait()
		expectSwitch(t, s, "prod", false, "an outdated answer came")
		store.answers <- true
		synctest.Wait()
		expectSwitch(t, s, "prod", true, "the right answer came")
	})
}

// hangingSettings answers when the test says what.
type hangingSettings struct {
	tokenstest.Memory
	answers chan bool
}

func (h *hangingSettings) Settings(ctx context.Context) (map[string]tokens.Settings, error) {
	select {
	case on := <-h.answers:
		return map[string]tokens.Settings{"prod": {PersonalTokens: on}}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Attack: delay the answer to one reading until a later one has come in. Invariant: the answer to the question that was
// asked last counts.
func TestSwitchesKeepTheNewestReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &delayedSettings{}
		setPersonal(t, store, "prod", true)
		s := tokens.NewSwitches(tokens.SwitchesConfig{Store: store})
		defer s.Close()
		var loads sync.WaitGroup
		for range 2 {
			loads.Go(func() {
				if err := s.Load(t.Context()); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(time.Second) // so that the first one was asked earlier
			setPersonal(t, store, "prod", false)
		}
		loads.Wait()
		expectSwitch(t, s, "prod", false, "after the late answer")
	})
}

// delayedSettings answers the first question two seconds late.
type delayedSettings struct {
	tokenstest.Memory
	asked atomic.Bool
}

func (d *delayedSettings) Settings(ctx context.Context) (map[string]tokens.Settings, error) {
	settings, err := d.Memory.Settings(ctx)
	if d.asked.CompareAndSwap(false, true) {
		time.Sleep(2 * time.Second)
	}
	return settings, err
}

// Attack: take the store away, so that a switch that is turned off meanwhile is never heard of. Invariant: without news
// the last reading serves until its bound and not an instant longer; with news it does not serve at all.
func TestSwitchesWhileStoreIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newSettingsStore()
		setPersonal(t, store, "prod", true)
		var reports atomic.Int64
		s := tokens.NewSwitches(tokens.SwitchesConfig{Store: store, OnError: func(err error) {
			if !errors.Is(err, errDown) {
				t.Errorf("reported: %v", err)
			}
			reports.Add(1)
		}})
		defer s.Close()
		if err := s.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		store.down.Store(true)
		time.Sleep(5*time.Minute - time.Nanosecond)
		expectSwitch(t, s, "prod", true, "just within the bound")
		time.Sleep(time.Nanosecond)
		expectSwitch(t, s, "prod", false, "at the bound")
		// The first attempt after 30 s, then one each second.
		synctest.Wait()
		if n := reports.Load(); n != 1+270 {
			t.Errorf("%d reports", n)
		}
		store.down.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		expectSwitch(t, s, "prod", true, "with the store back")

		store.down.Store(true)
		s.Forget()
		synctest.Wait()
		expectSwitch(t, s, "prod", false, "with the store down and a change heard of")
		time.Sleep(time.Hour)
		expectSwitch(t, s, "prod", false, "an hour later")
		store.down.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		expectSwitch(t, s, "prod", true, "with the store back again")
	})
}

func TestSwitchesRetryFirstReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newSettingsStore()
		setPersonal(t, store, "prod", true)
		store.down.Store(true)
		s := tokens.NewSwitches(tokens.SwitchesConfig{Store: store})
		defer s.Close()
		if err := s.Load(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("Load: %v", err)
		}
		expectSwitch(t, s, "prod", false, "never read")
		store.down.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		expectSwitch(t, s, "prod", true, "a second later")
	})
}

// Attack: the clock is set back, and what was read before counts as young for as long. Invariant: an age that is
// negative by more than the bound is too old.
func TestSwitchesClockSetBack(t *testing.T) {
	store := newSettingsStore()
	setPersonal(t, store, "prod", true)
	s := tokens.NewSwitches(tokens.SwitchesConfig{Store: store, Now: func() time.Time { return now }})
	defer s.Close()
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for offset, want := range map[time.Duration]bool{
		0: true, time.Minute: true, -time.Minute: true, 5 * time.Minute: false, -5 * time.Minute: false, -time.Hour: false,
	} {
		if got := s.PersonalTokens("prod", now.Add(offset)); got != want {
			t.Errorf("%v later: %v", offset, got)
		}
	}
}

// A store that hangs does not hold up Close.
func TestSwitchesCloseInterruptsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := tokens.NewSwitches(tokens.SwitchesConfig{Store: &hangingSettings{}, LoadTimeout: time.Hour, OnError: func(err error) {
			t.Errorf("reported: %v", err)
		}})
		s.Forget()
		synctest.Wait()
		start := time.Now()
		s.Close()
		if time.Since(start) != 0 {
			t.Errorf("Close took %v", time.Since(start))
		}
	})
}

// Invariant under load: a switch that was turned off, and of which that was heard, is never seen on.
func TestSwitchesConcurrently(t *testing.T) {
	store := newSettingsStore()
	s := tokens.NewSwitches(tokens.SwitchesConfig{Store: store, Lifetime: time.Microsecond})
	defer s.Close()
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_ = s.Load(context.Background())
				}
			}
		})
	}
	for range 300 {
		setPersonal(t, store, "prod", true)
		s.Forget()
		setPersonal(t, store, "prod", false)
		s.Forget()
		for range 100 {
			if s.PersonalTokens("prod", time.Now()) {
				t.Fatal("on, after it was turned off")
			}
		}
	}
	close(stop)
	readers.Wait()
}

// Attack: a personal token that was in use goes on working from the cache after the administrator has switched personal
// tokens off. Invariant: the switch is asked at every request, and only of personal tokens.
func TestPersonalTokensFollowSwitch(t *testing.T) {
	var on atomic.Bool
	asked := 0
	g := newGate(t, tokens.VerifierConfig{Personal: func(environment string, at time.Time) bool {
		if environment != "prod" || !at.Equal(now) {
			t.Errorf("asked for %q at %v", environment, at)
		}
		asked++
		return on.Load()
	}})
	personal := apiToken(g.issue(t, "dt0c01", func(r *tokens.Record) { r.Personal = true }).Secret.Reveal())
	other := apiToken(g.issue(t, "dt0c01", nil).Secret.Reveal())
	for _, want := range []tokens.Refusal{tokens.PersonalOff, "", tokens.PersonalOff} {
		on.Store(want == "")
		if _, refusal := g.verify(t, personal); refusal != want {
			t.Errorf("personal: %q, want %q", refusal, want)
		}
		if _, refusal := g.verify(t, other); refusal != "" {
			t.Errorf("other: %q", refusal)
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}

func TestPersonalTokensDoesNotAllocate(t *testing.T) {
	store := newSettingsStore()
	setPersonal(t, store, "prod", true)
	s := tokens.NewSwitches(tokens.SwitchesConfig{Store: store})
	defer s.Close()
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	if n := testing.AllocsPerRun(100, func() { s.PersonalTokens("prod", at) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
