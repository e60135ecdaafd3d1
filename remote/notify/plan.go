package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Bounds and defaults of Routes.
const (
	// MaxRecipients bounds the mails that one notice causes; further addresses are passed over.
	MaxRecipients = 100
	// usualReminder is how long before or after something people are reminded of it.
	usualReminder = 24 * time.Hour
)

// Routes say who is told what. The zero Routes tell nobody.
type Routes struct {
	// Mail has the addresses of the administrators. ParseAddress says which can be used; another one is passed over. Each
	// gets a mail of its own, so that one refused address stands in nobody's way.
	Mail []string
	// MailSessions makes the start of each session a mail as well. Webhooks always hear of it.
	MailSessions bool
	// Webhooks name the webhooks and the events that each wants; none means all of them.
	Webhooks map[string][]Event
	// PendingAfter is how long after a request the reminder is sent that nobody has decided. 0 means 24 h, less than 0 never.
	PendingAfter time.Duration
	// ExpiringBefore is how long before the end of an access people are warned, but never earlier than halfway through it.
	// 0 means 24 h, less than 0 never.
	ExpiringBefore time.Duration
}

// Plan says what a notice does to the outbox: what is to be sent at once, which reminders will be due later, and which ones
// that were planned before have become untrue.
func (r Routes) Plan(n Notice) Batch {
	n.Time, n.Expires, n.ReviewBy = wholeMillisecond(n.Time), wholeMillisecond(n.Expires), wholeMillisecond(n.ReviewBy)
	b := Batch{RequestID: n.RequestID, Drop: outdated(n.Event), Deliveries: r.deliveries(n)}
	if reminder, ok := r.reminder(n); ok {
		b.Deliveries = append(b.Deliveries, r.deliveries(reminder)...)
	}
	return b
}

// outdated are the reminders that no longer make sense after an event.
func outdated(e Event) []Event {
	switch e {
	case Created, Accepted, Rejected, Expired, Revoked:
		return []Event{PendingReminder, ExpiringSoon}
	case Reviewed:
		return []Event{ReviewOverdue}
	default:
		return nil
	}
}

func (r Routes) reminder(n Notice) (Notice, bool) {
	reminder := n
	reminder.Actor = "system"
	switch n.Event {
	case Created:
		reminder.Event = PendingReminder
		reminder.Time = n.Time.Add(orUsual(r.PendingAfter))
		return reminder, r.PendingAfter >= 0
	case Accepted:
		reminder.Event = ExpiringSoon
		left := n.Expires.Sub(n.Time)
		reminder.Time = wholeMillisecond(n.Expires.Add(-min(orUsual(r.ExpiringBefore), left/2)))
		return reminder, r.ExpiringBefore >= 0 && left > 0
	case BreakGlass:
		reminder.Event, reminder.Time = ReviewOverdue, n.ReviewBy
		reminder.State = "EXPIRED" // by then the access has been over for long
		return reminder, !n.ReviewBy.IsZero()
	default:
		return Notice{}, false
	}
}

func orUsual(d time.Duration) time.Duration {
	if d == 0 {
		return usualReminder
	}
	return d
}

func (r Routes) deliveries(n Notice) []Delivery {
	var planned []Delivery
	if n.Event != SessionStarted || r.MailSessions {
		for _, address := range r.recipients() {
			planned = append(planned, newDelivery(n, ByMail, address))
		}
	}
	for name, events := range r.Webhooks {
		if len(events) == 0 || slices.Contains(events, n.Event) {
			planned = append(planned, newDelivery(n, ByWebhook, name))
		}
	}
	slices.SortFunc(planned, inOrder)
	return planned
}

// recipients are the addresses that can be used, each once.
func (r Routes) recipients() []string {
	var good []string
	for _, text := range r.Mail {
		if address, err := ParseAddress(text); err == nil {
			good = append(good, address)
		}
	}
	slices.Sort(good)
	good = slices.Compact(good)
	return good[:min(len(good), MaxRecipients)]
}

func newDelivery(n Notice, by Channel, target string) Delivery {
	return Delivery{ID: deliveryID(n, by, target), Channel: by, Target: target, Notice: n, First: n.Time, Next: n.Time}
}

// deliveryID depends on everything that the delivery says and on nothing else, so that a change that is repeated after a lost
// connection does not tell people twice.
func deliveryID(n Notice, by Channel, target string) string {
	at, expires, review := n.Time.UnixMilli(), n.Expires.UnixMilli(), n.ReviewBy.UnixMilli()
	n.Time, n.Expires, n.ReviewBy = time.Time{}, time.Time{}, time.Time{} // JSON has no years beyond 9999; without them it cannot fail
	text, _ := json.Marshal([]any{n, at, expires, review, by, target})
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:16])
}

func inOrder(a, b Delivery) int {
	return cmp.Or(a.Next.Compare(b.Next), strings.Compare(a.ID, b.ID))
}

// wholeMillisecond is what every store can keep.
func wholeMillisecond(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
