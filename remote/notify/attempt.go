package notify

import (
	"context"
	"errors"
	"math"
	"time"
)

// finishTimeout bounds noting how a try went. It runs even when the server stops: what was sent must not be sent again.
const finishTimeout = 5 * time.Second

// try makes one attempt and notes how it went. An error is the outbox's.
func (d *Dispatcher) try(ctx context.Context, delivery Delivery) error {
	err := d.send(ctx, delivery)
	if err != nil && ctx.Err() != nil {
		// The server stops. That is not the receiver's fault, and whoever runs next may try at once.
		return d.later(ctx, delivery, d.opt.Now())
	}
	out := Outcome{Delivery: delivery, At: d.opt.Now(), Err: err}
	if err != nil && !d.isLast(delivery, out.At, err) {
		out.Next = out.At.Add(d.pause(delivery.Attempts, err))
		err = d.later(ctx, delivery, out.Next)
	} else {
		err = d.done(ctx, delivery, out.At)
	}
	d.opt.OnOutcome(out)
	return err
}

func (d *Dispatcher) send(ctx context.Context, delivery Delivery) error {
	if delivery.Attempts > d.opt.MaxAttempts {
		return ErrGivenUp // each try has taken its node down with it
	}
	sender, ok := d.senders[delivery.Channel]
	if !ok {
		return errNoSender
	}
	ctx, cancel := context.WithTimeout(ctx, d.opt.Timeout)
	defer cancel()
	return sender.Send(ctx, delivery)
}

// isLast reports whether no try follows one that has failed.
func (d *Dispatcher) isLast(delivery Delivery, now time.Time, err error) bool {
	if refusal, ok := errors.AsType[*Refusal](err); ok && refusal.Final {
		return true
	}
	return delivery.Attempts >= d.opt.MaxAttempts || now.Sub(delivery.First) >= d.opt.MaxAge
}

// pause is between half of the full pause and all of it, so that what failed together is not tried together again. A receiver
// that asks for more time gets it, up to the longest pause.
func (d *Dispatcher) pause(attempts int, err error) time.Duration {
	full := float64(d.opt.MaxPause)
	full = min(full, float64(d.opt.FirstPause)*math.Pow(2, float64(max(attempts, 1)-1)))
	pause := time.Duration(full/2 + d.opt.Jitter()*full/2)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		pause = max(pause, min(refusal.After, d.opt.MaxPause))
	}
	return pause
}

func (d *Dispatcher) later(ctx context.Context, delivery Delivery, next time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	return d.outbox.Later(ctx, delivery, wholeMillisecond(next))
}

func (d *Dispatcher) done(ctx context.Context, delivery Delivery, at time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	return d.outbox.Done(ctx, delivery, wholeMillisecond(at))
}
