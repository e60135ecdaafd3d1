package remote

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/remote/notify"
)

// ServiceConfig is what a Service works with.
type ServiceConfig struct {
	Store   Store   // required
	Initial Setting // holds until the first SetSetting; default Off
	Rules   Rules

	// AcceptRejected lets a rejected request be accepted without being reopened, as the original API does.
	AcceptRejected bool

	// Mask hides the credentials in a text and gives any other text back as it is. Required: texts that it changes are
	// refused, and what goes into an audit event passes through it.
	Mask func(text string) string

	Random io.Reader        // default crypto/rand.Reader
	Now    func() time.Time // default time.Now

	// OnChange hears of everything that was changed, after the store has answered and before the caller does: the Limit of
	// this node is to be replaced then. It must not block.
	OnChange func(kind feed.Kind, id string)
	// Plan says who is to be told of a notice, and how. It is asked inside the transaction that makes the change, and what it
	// plans is committed with it; it must not block. Default: nobody is told.
	Plan func(Notice) notify.Batch
	// Notify hears of a notice once it is committed. It must not block.
	Notify func(Notice)
}

// Service administers requests and the setting. It is safe for concurrent use. Every error of its methods is a
// *fault.Fault. It does not ask whether the actor has the right to administer remote access: its callers have. What
// nobody may do, such as approving one's own request, it refuses itself.
type Service struct {
	config ServiceConfig
}

// NewService returns a service over config.
func NewService(config ServiceConfig) *Service {
	config.Rules = config.Rules.withDefaults()
	if config.Random == nil {
		config.Random = rand.Reader
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.OnChange == nil {
		config.OnChange = func(feed.Kind, string) {}
	}
	if config.Plan == nil {
		config.Plan = func(Notice) notify.Batch { return notify.Batch{} }
	}
	if config.Notify == nil {
		config.Notify = func(Notice) {}
	}
	return &Service{config: config}
}

// Actor is who asks for a change.
type Actor struct {
	Name   string // for the audit event: the identifier of a token, a user, or "cli:<system user>"
	User   string // the person behind it, such as the owner of the token; "" where Name is the person
	Remote bool   // a member of the support staff: may ask for themselves, and nothing else
}

// person is whom the four-eyes rules are about.
func (a Actor) person() string { return cmp.Or(a.User, a.Name, "unknown") }

var (
	errClosed = fault.New(fault.Forbidden, "Approving remote access request is disabled", nil) // documented word for word
	errRemote = fault.New(fault.Forbidden, "Remote access does not administer remote access.", nil)
	errSelf   = fault.New(fault.Forbidden, "Nobody approves or reopens a remote access request of their own.", nil)
)

// now has the precision that stores keep.
func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Millisecond) }

// opened refuses what only is there while the setting asks for approval.
func (s *Service) opened(record SettingRecord) error {
	if !record.or(s.config.Initial).AsksForApproval() {
		return errClosed
	}
	return nil
}

// entry begins the record of a change that happens at an instant.
func (s *Service) entry(actor, action, object string, at time.Time) Entry {
	return Entry{Event: audit.Event{Time: at, Actor: cmp.Or(s.config.Mask(actor), "unknown"), Action: action, Object: object}}
}

// plan is the batch of a notice; none where there is nothing to tell.
func (s *Service) plan(n Notice) notify.Batch {
	if n.Event == "" {
		return notify.Batch{}
	}
	return s.config.Plan(n)
}

// tell brings a committed change to this node and to the administrators.
func (s *Service) tell(n Notice) {
	s.config.OnChange(feed.RemoteRequest, n.After.ID)
	if n.Event != "" {
		s.config.Notify(n)
	}
}

// current is the setting in force and what is open.
func (s *Service) current(ctx context.Context) (Current, error) {
	c, err := s.config.Store.RemoteAccess(ctx)
	return c, storeFault(err)
}

// newUUID draws an identifier: RFC 9562, section 5.4.
func (s *Service) newUUID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(s.config.Random, b[:]); err != nil {
		return "", fault.New(fault.Internal, "No identifier could be made.", err)
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:], nil
}

// storeFault is what an error of the store comes to.
func storeFault(err error) error {
	return fault.OfStore(err, "The store of remote access requests did not answer.",
		fault.Meaning{Err: ErrNotFound, Kind: fault.NotFound, Public: "There is no such remote access request."},
		fault.Meaning{Err: ErrExists, Kind: fault.Conflict, Public: "There is such a remote access request already."},
	)
}
