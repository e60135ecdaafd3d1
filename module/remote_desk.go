package module

import (
	"context"
	"maps"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
)

// remoteDesk is the part of a gate that deals with remote support staff: how far they get, and what is known of them.
type remoteDesk struct {
	rules    *remoteRules
	routes   notify.Routes
	store    store.Store
	limit    remote.Limit
	service  *remote.Service
	sessions *sessions
	senders  map[notify.Channel]notify.Sender // of mailer; empty until openSenders, which is before run
	mailer   *notify.Dispatcher
	count    *remoteCounters
	streams  *streams
	logger   *zap.Logger
	staleFor time.Duration
	lifetime time.Duration
	wake     chan struct{} // something may lapse earlier than was known

	mu     sync.Mutex // lest an older state of the store replaces a newer one
	loaded time.Time  // when the limit was last read; zero: never
	lapses time.Time  // when the first open request does, as far as was read; zero: there is none

	open map[string]remote.Request // those that were open when they were last read, for the log; nil: never read
}

func newRemoteDesk(s store.Store, config gateConfig, streams *streams, logger *zap.Logger) (*remoteDesk, error) {
	rules, err := config.RemoteAccess.read(config.Issuers)
	if err != nil {
		return nil, err
	}
	routes, err := config.RemoteAccess.routes()
	if err != nil {
		return nil, err
	}
	d := &remoteDesk{
		senders: map[notify.Channel]notify.Sender{},
		rules:   rules, routes: routes, store: s, streams: streams, count: newRemoteCounters(), logger: logger,
		staleFor: time.Duration(config.Cache.StaleFor), lifetime: time.Duration(config.Cache.Lifetime),
		wake: make(chan struct{}, 1),
	}
	if d.staleFor <= 0 {
		d.staleFor = defaultStaleFor
	}
	if d.lifetime <= 0 {
		d.lifetime = defaultLifetime
	}
	d.sessions = newSessions(d, rules.idle)
	d.mailer = notify.NewDispatcher(s.Outbox(), d.senders, notify.Options{
		OnOutcome: d.noteDelivery,
		OnError:   func(err error) { logger.Error("the queue of notifications", zap.Error(err)) },
	})
	d.service = newRemoteService(s, rules, routes, remoteHooks{
		changed: d.changedHere, told: func(remote.Notice) { d.mailer.Poke() },
	})
	return d, nil
}

// openSenders reads the secrets that notifications are sent with. A gate that only rehearses a request does without: whoever asks for
// an explanation need not be able to read them.
func (d *remoteDesk) openSenders(c *RemoteAccess) error {
	senders, err := c.senders()
	maps.Copy(d.senders, senders)
	d.logUntold()
	return err
}

// The bounds of what is remembered, where a config does not say: those of tokens.
const (
	defaultLifetime = 30 * time.Second
	defaultStaleFor = 5 * time.Minute
)

// remoteHooks hear of what a service does. The command line has none: gateways hear of it from the store.
type remoteHooks struct {
	changed func(kind feed.Kind, id string)
	told    func(remote.Notice)
	now     func() time.Time
}

// load reads who gets in, and cuts what is open and should not be any more. While the store is away, what was read last
// holds until it is too old; a change that is known to have been made, and cannot be read, ends everything at once.
func (d *remoteDesk) load(ctx context.Context, changed bool) {
	d.mu.Lock()
	current, err := d.store.RemoteAccess(ctx)
	switch {
	case err == nil:
		d.loaded, d.lapses = time.Now(), firstLapse(current.Open)
		d.replace(current)
	case changed || time.Since(d.loaded) > d.staleFor:
		d.limit.Replace(nil)
		d.loaded = time.Time{}
	}
	d.mu.Unlock()
	if err != nil {
		d.logger.Error("remote access could not be read", zap.Error(err))
	}
	d.streams.recheckRemote(d.stillAllows)
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// replace puts what was read in force, and has the log say what is different.
func (d *remoteDesk) replace(current remote.Current) {
	before := d.limit.Decide(remote.Call{})
	d.limit.Replace(remote.NewSnapshot(current, d.rules.initial, d.rules.all))
	d.logSetting(before, d.limit.Decide(remote.Call{}), current.Setting.ChangedBy)
	d.logOpen(current.Open)
}

// firstLapse is when the first of the open requests comes to its end by itself.
func firstLapse(open []remote.Request) (first time.Time) {
	for _, r := range open {
		if end := untilOf(r); first.IsZero() || end.Before(first) {
			first = end
		}
	}
	return first
}

// untilOf is when an open request comes to its end by itself.
func untilOf(r remote.Request) time.Time {
	if r.State == remote.Accepted {
		return r.Expires
	}
	return r.PendingUntil
}

// changedHere makes a change of this gateway hold before whoever asked for it has the answer.
func (d *remoteDesk) changedHere(feed.Kind, string) {
	ctx, cancel := context.WithTimeout(context.Background(), changeTimeout)
	defer cancel()
	d.load(ctx, true)
}

// stillAllows reports whether a request that is under way would be let in now.
func (d *remoteDesk) stillAllows(v *visit) bool {
	now := time.Now()
	for _, c := range v.calls {
		c.Now = now
		if !d.limit.Decide(c).Allows() {
			return false
		}
	}
	return true
}

// run keeps the limit fresh, brings what has lapsed to its end, and sends what is to be sent, until ctx ends.
func (d *remoteDesk) run(ctx context.Context) {
	var sending sync.WaitGroup
	sending.Go(func() { d.mailer.Run(ctx) })
	defer sending.Wait()
	fresh, tidy := time.NewTicker(d.lifetime), time.NewTicker(time.Hour)
	defer fresh.Stop()
	defer tidy.Stop()
	d.tidy(ctx)
	for {
		lapse := time.NewTimer(d.untilLapse())
		select {
		case <-ctx.Done():
			lapse.Stop()
			d.close()
			return
		case <-d.wake:
		case <-lapse.C:
			d.sweep(ctx)
		case <-fresh.C:
			d.load(ctx, false)
			d.sessions.endIdle(time.Now())
		case <-tidy.C:
			d.tidy(ctx)
		}
		lapse.Stop()
	}
}

// close ends what staff have under way, while what became of it can still be written down. From here on nobody of them gets in.
func (d *remoteDesk) close() {
	d.limit.Replace(nil)
	for _, st := range d.streams.of("") {
		if st.visit != nil {
			d.streams.end(st, cutClosed)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	d.sessions.settle(ctx)
	d.sessions.endAll()
}

// untilLapse is how long it is until a request comes to its end by itself. What has is looked at again soon, in case the store
// could not be written to.
func (d *remoteDesk) untilLapse() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.loaded.IsZero(): // nobody gets in until it could be read
		return lapseRetry
	case d.lapses.IsZero():
		return d.lifetime
	}
	return max(time.Until(d.lapses), 0)
}

// sweep writes down what has lapsed.
func (d *remoteDesk) sweep(ctx context.Context) {
	if _, err := d.service.Sweep(ctx); err != nil && ctx.Err() == nil {
		d.logger.Error("expired remote access could not be recorded", zap.Error(err))
		d.retryLapse()
		return
	}
	d.load(ctx, false)
}

// lapseRetry is the pause after an expiry that could not be recorded. Nobody gets in for want of it.
const lapseRetry = 5 * time.Second

func (d *remoteDesk) retryLapse() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lapses = time.Now().Add(lapseRetry)
}

// tidy forgets requests that ended long ago.
func (d *remoteDesk) tidy(ctx context.Context) {
	if _, err := d.store.ForgetRemoteRequests(ctx, time.Now().Add(-d.rules.retention)); err != nil && ctx.Err() == nil {
		d.logger.Error("old remote access requests could not be removed", zap.Error(err))
	}
}
