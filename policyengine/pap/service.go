package pap

import (
	"cmp"

	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/catalog"
)

// ServiceConfig is what a Service works with.
type ServiceConfig struct {
	Store   Store            // required
	Catalog *catalog.Catalog // default catalog.Default()
	Mode    catalog.Mode     // about operators that the reference does not list
	Limits  Limits           // default DefaultLimits, as a whole

	// Mask hides the credentials in a text and gives any other text back as it is. Required: texts that it changes are
	// refused, and what goes into an audit event passes through it.
	Mask func(text string) string

	Random io.Reader        // default crypto/rand.Reader
	Now    func() time.Time // default time.Now

	// OnChange hears of everything that was, or may have been, changed by its own name, after the store has answered and
	// before the caller does; what went along with it is not told apart, and bindings are told of without an identifier. It
	// must not block.
	OnChange func(kind feed.Kind, id string)
}

// Service administers policies and answers what is bound to whom. It is safe for concurrent use. Every error of its
// methods is a *fault.Fault. It does not ask whether the actor may do what it does: its callers have, for the level or
// account that they hand over; what lives elsewhere is not found.
//
// The actor of a change goes into the audit event: the identifier of a token, a user, or "cli:<system user>".
type Service struct {
	config ServiceConfig
}

// NewService returns a service over config.
func NewService(config ServiceConfig) *Service {
	if config.Catalog == nil {
		config.Catalog = catalog.Default()
	}
	if config.Limits == (Limits{}) {
		config.Limits = DefaultLimits
	}
	if config.Random == nil {
		config.Random = rand.Reader
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.OnChange == nil {
		config.OnChange = func(feed.Kind, string) {}
	}
	return &Service{config: config}
}

// made and gone are the audit events of a thing that comes or goes now, with the form in which it is audited as the patch.
func (s *Service) made(actor, action, object string, detail, form any) audit.Event {
	return s.patched(s.event(actor, action, object, detail), nil, form)
}

func (s *Service) gone(actor, action, object string, detail, form any) audit.Event {
	return s.patched(s.event(actor, action, object, detail), form, nil)
}

func (s *Service) patched(e audit.Event, before, after any) audit.Event {
	e.Patch = s.config.Mask(patchOf(before, after))
	return e
}

// event is the audit record of a change that happens now. Detail, if not nil, is stored as JSON.
func (s *Service) event(actor, action, object string, detail any) audit.Event {
	e := audit.Event{Time: s.now(), Actor: cmp.Or(s.config.Mask(actor), "unknown"), Action: action, Object: object}
	if detail == nil {
		return e
	}
	e = consequence(e, action, object, detail)
	e.Detail = s.config.Mask(e.Detail)
	return e
}

// now has the precision that stores keep.
func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Millisecond) }

// text is what an audit event says about a policy or boundary text: the text where it is short, and always its digest, so
// that two events can be compared and a copy kept elsewhere can be proved.
type text string

// MarshalJSON writes {"sha256", "bytes", "text"}, the last for a short text only.
func (t text) MarshalJSON() ([]byte, error) {
	record := struct {
		SHA256 string `json:"sha256"`
		Bytes  int    `json:"bytes"`
		Text   string `json:"text,omitempty"`
	}{SHA256: digest(string(t)), Bytes: len(t)}
	if len(t) <= maxAuditedText {
		record.Text = string(t)
	}
	return json.Marshal(record)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
