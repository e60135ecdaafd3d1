package module

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/remote/notify"
)

// remoteCounters are the metrics of remote access.
type remoteCounters struct {
	notifications *prometheus.CounterVec
	failedLogins  allowance // of records of logins that failed
}

func newRemoteCounters() *remoteCounters {
	return &remoteCounters{notifications: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "doorward_remote_notifications_total",
		Help: "Tries to tell somebody of remote access, by channel (mail, webhook) and outcome (delivered, later, given_up).",
	}, []string{"channel", "outcome"})}
}

func (d *remoteDesk) collectors() []prometheus.Collector {
	return []prometheus.Collector{d.count.notifications, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "doorward_remote_sessions",
		Help: "Sessions of remote support staff at this gateway.",
	}, func() float64 { return float64(d.sessions.count()) })}
}

// What becomes of a try to tell somebody, as metrics and records have it.
const (
	deliveryMade    = "delivered"
	deliveryLater   = "later"
	deliveryGivenUp = "given_up"
)

// noteDelivery has it in the metrics, the log and the audit trail how a notification went. Of tries that fail one after the
// other, the first and the last are recorded.
func (d *remoteDesk) noteDelivery(o notify.Outcome) {
	word := deliveryMade
	switch {
	case o.Err != nil && o.Next.IsZero():
		word = deliveryGivenUp
	case o.Err != nil:
		word = deliveryLater
	}
	d.count.notifications.WithLabelValues(string(o.Delivery.Channel), word).Inc()
	if o.Err != nil {
		d.logger.Warn("a notification was not delivered", zap.String("channel", string(o.Delivery.Channel)),
			zap.String("event", string(o.Delivery.Notice.Event)), zap.String("request", o.Delivery.Notice.RequestID),
			zap.Int("attempt", o.Delivery.Attempts), zap.Time("next", o.Next), zap.Error(o.Err))
	}
	if word == deliveryLater && o.Delivery.Attempts > 1 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), changeTimeout)
	defer cancel()
	_, err := d.store.Record(ctx, audit.Event{
		Time: o.At.UTC(), Environment: o.Delivery.Notice.Environment, Actor: "system", Action: "notification.send",
		Object: o.Delivery.Notice.RequestID, Failed: o.Err != nil,
		Message: string(o.Delivery.Channel) + ", " + string(o.Delivery.Notice.Event) + ": " + word,
	})
	if err != nil {
		d.logger.Error("a notification could not be recorded", zap.Error(err))
	}
}
