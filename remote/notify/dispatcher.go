package notify

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Sender makes one try at a delivery. A nil error means that the receiver has taken it. The error says nothing secret; its
// texts from the other side are short and printable. It is safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, d Delivery) error
}

// Refusal is an error of a Sender that knows more than that the try has failed.
type Refusal struct {
	Cause error
	Final bool          // no further try can work
	After time.Duration // no further try before that; 0: the sender does not say
}

// Error is the cause's.
func (r *Refusal) Error() string { return r.Cause.Error() }

// Unwrap gives errors.Is and errors.As the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// Outcome is what became of one try.
type Outcome struct {
	Delivery Delivery
	At       time.Time
	Err      error     // nil: it was delivered
	Next     time.Time // when it is tried again; zero where it was delivered or given up
}

// Options are a dispatcher's pace. The zero value is right for production.
type Options struct {
	Interval    time.Duration // between two looks into the outbox. 0 means 5 s.
	Timeout     time.Duration // of one try. 0 means 1 min.
	FirstPause  time.Duration // after the first failed try; it doubles with each. 0 means 30 s.
	MaxPause    time.Duration // between two tries. 0 means 1 h.
	MaxAge      time.Duration // a try that fails this long after Delivery.First was the last one. 0 means 48 h.
	MaxAttempts int           // after which a delivery is given up. 0 means 100, more than fit into 48 h.
	Workers     int           // tries at once, so that one slow receiver does not hold up the others. 0 means 4.
	Keep        time.Duration // how long finished deliveries are remembered. 0 means 30 days.
	// OnOutcome is told of every try, from several goroutines. nil means nobody is told.
	OnOutcome func(Outcome)
	// OnError is told when the outbox fails. nil means nobody is told.
	OnError func(error)
	// Now is the clock. nil means time.Now.
	Now func() time.Time
	// Jitter gives numbers in [0, 1) that spread the tries. nil means random ones.
	Jitter func() float64
}

// errNoSender: a webhook that another node's configuration still has may come back here too, so this is tried again.
var errNoSender = errors.New("nothing is configured to send this with")

// ErrGivenUp is the error of a delivery that was handed out too often without anybody saying how it went.
var ErrGivenUp = errors.New("given up after too many attempts")

// Dispatcher sends what is due in an outbox. Make it with NewDispatcher; any number of them may share an outbox.
type Dispatcher struct {
	outbox  Outbox
	senders map[Channel]Sender
	opt     Options
	poke    chan struct{}
	swept   time.Time // when finished deliveries were last forgotten; only Run's goroutine uses it
}

// NewDispatcher returns a dispatcher that sends each channel's deliveries with its sender.
func NewDispatcher(outbox Outbox, senders map[Channel]Sender, opt Options) *Dispatcher {
	usual(&opt.Interval, 5*time.Second)
	usual(&opt.Timeout, time.Minute)
	usual(&opt.FirstPause, 30*time.Second)
	usual(&opt.MaxPause, time.Hour)
	usual(&opt.MaxAge, 48*time.Hour)
	usual(&opt.MaxAttempts, 100)
	usual(&opt.Workers, 4)
	usual(&opt.Keep, 30*24*time.Hour)
	if opt.OnOutcome == nil {
		opt.OnOutcome = func(Outcome) {}
	}
	if opt.OnError == nil {
		opt.OnError = func(error) {}
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Jitter == nil {
		opt.Jitter = rand.Float64
	}
	return &Dispatcher{outbox: outbox, senders: senders, opt: opt, poke: make(chan struct{}, 1)}
}

func usual[T int | time.Duration](setting *T, value T) {
	if *setting <= 0 {
		*setting = value
	}
}

// Poke makes the dispatcher look into the outbox at once. It never waits.
func (d *Dispatcher) Poke() {
	select {
	case d.poke <- struct{}{}:
	default: // one is waiting already, and will do for both
	}
}

// Run sends until ctx ends, and returns when the last try has ended. It must not be called twice.
func (d *Dispatcher) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-d.poke:
		}
		d.drain(ctx)
		timer.Reset(d.opt.Interval)
	}
}

// drain works until nothing is due.
func (d *Dispatcher) drain(ctx context.Context) {
	for ctx.Err() == nil {
		handled, err := d.Round(ctx)
		if err != nil && ctx.Err() == nil {
			d.opt.OnError(err)
		}
		if err != nil || handled == 0 {
			break
		}
	}
	d.sweep(ctx)
}

// sweep forgets old deliveries once an hour.
func (d *Dispatcher) sweep(ctx context.Context) {
	now := d.opt.Now()
	if ctx.Err() != nil || now.Sub(d.swept) < time.Hour {
		return
	}
	d.swept = now
	if _, err := d.outbox.Forget(ctx, wholeMillisecond(now.Add(-d.opt.Keep))); err != nil && ctx.Err() == nil {
		d.opt.OnError(err)
	}
}

// perWorker is how many deliveries of a round fall to each worker.
const perWorker = 4

// Round hands out what is due, tries each once, and returns how many that were. An error is the outbox's.
func (d *Dispatcher) Round(ctx context.Context) (int, error) {
	now := d.opt.Now()
	// Even if each try takes all of its time, the round ends before the deliveries are handed to somebody else.
	lease := (perWorker + 1) * (d.opt.Timeout + finishTimeout)
	due, err := d.outbox.Due(ctx, wholeMillisecond(now), wholeMillisecond(now.Add(lease)), perWorker*d.opt.Workers)
	if err != nil {
		return 0, err
	}
	work := make(chan Delivery, len(due))
	for _, delivery := range due {
		work <- delivery
	}
	close(work)
	errs := make([]error, d.opt.Workers)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			for delivery := range work {
				errs[i] = errors.Join(errs[i], d.try(ctx, delivery))
			}
		})
	}
	group.Wait()
	return len(due), errors.Join(errs...)
}
