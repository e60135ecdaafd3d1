package module

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/doorward/doorward/remote"
)

// RemoteAccess says who the remote support staff are, and how far they get: a ceiling on everything they do, whatever their
// tokens and policies allow. Tokens with the mark `staff` always belong to staff; issuers and claims name others.
//
// Whether staff get in at all is the setting, which administrators change while the gateway runs. Every request of staff is
// written to the audit trail before it is forwarded, and refused with 503 where it cannot be.
type RemoteAccess struct {
	// Everybody with a JWT of one of these issuers is staff. The issuers must be trusted by `issuer` options. They share one
	// space of user names.
	Issuers []string `json:"issuers,omitempty"`

	// Everybody is staff with a JWT that has one of these claims with one of its values, whoever issued it.
	Claims []StaffClaim `json:"claims,omitempty"`

	// What every JWT of staff has to say, such as that a second factor was used: each of these claims, with one of its values.
	// What does not gets 401. Tokens that are no JWT say nothing, so with this they get 401 too.
	RequireClaims []StaffClaim `json:"require_claims,omitempty"`

	// Staff come from these networks only; from elsewhere they get 401. Default: from everywhere.
	Networks []string `json:"networks,omitempty"`

	// The setting until an administrator makes one: `off`, `all`, `read-only`, `approved` or `approved-read-only`. Default: `off`.
	Setting string `json:"setting,omitempty"`

	// The role in force where the setting is `all`. Default: `devops-admin`.
	AllRole string `json:"all_role,omitempty"`

	// The most days that a grant may be for, by role; the role `""` stands for those that are not named. Default: 30. At most 365.
	MaxDays map[string]int `json:"max_days,omitempty"`

	// A request that nobody decides about expires after this time. Default: 4d.
	PendingTimeout caddy.Duration `json:"pending_timeout,omitempty"`

	// The role `devops-admin` needs two different approvers.
	TwoApprovers bool `json:"two_approvers,omitempty"`

	// Every reason has to have a match of this regular expression, which is the ticket. Default: none is asked for.
	Ticket string `json:"ticket,omitempty"`

	// The strongest role that staff can take without approval in an emergency, for at most an hour. Default: none.
	BreakGlass string `json:"break_glass,omitempty"`

	// A rejected request can be accepted without being reopened, as in the original API. Default: 400.
	AcceptRejected bool `json:"accept_rejected,omitempty"`

	// A session of staff ends when nothing was asked for so long. Default: 15m.
	SessionIdle caddy.Duration `json:"session_idle,omitempty"`

	// Requests are forgotten so long after they came to their end; the audit trail keeps what it has. Default: 90d.
	Retention caddy.Duration `json:"retention,omitempty"`

	// The mails to administrators. Default: none are sent.
	Mail *RemoteMail `json:"mail,omitempty"`

	// Programs that are told what happens.
	Webhooks []RemoteWebhook `json:"webhooks,omitempty"`
}

// StaffClaim is a claim of a JWT with the values of which it has to have one. A name that begins with `/` is a JSON pointer.
type StaffClaim struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

const (
	defaultSessionIdle = 15 * time.Minute
	defaultRetention   = 90 * 24 * time.Hour
)

// remoteRules is the part of the config that decides, read.
type remoteRules struct {
	issuers   map[string]bool
	claims    []StaffClaim
	required  []StaffClaim
	networks  []netip.Prefix
	initial   remote.Setting
	all       remote.Role
	rules     remote.Rules
	rejected  bool
	idle      time.Duration
	retention time.Duration
}

// read checks the config. A nil one is that of a gateway without remote access: the setting is Off.
func (c *RemoteAccess) read(trusted []Issuer) (*remoteRules, error) {
	if c == nil {
		c = new(RemoteAccess)
	}
	r := &remoteRules{
		issuers: map[string]bool{}, claims: c.Claims, required: c.RequireClaims, rejected: c.AcceptRejected,
		idle:      cmp.Or(time.Duration(c.SessionIdle), defaultSessionIdle),
		retention: cmp.Or(time.Duration(c.Retention), defaultRetention),
	}
	for _, step := range []func(*remoteRules) error{c.readStaff, c.readSetting, c.readLimits} {
		if err := step(r); err != nil {
			return nil, fmt.Errorf("remote_access: %w", err)
		}
	}
	for _, url := range c.Issuers {
		if !slices.ContainsFunc(trusted, func(i Issuer) bool { return i.URL == url }) {
			return nil, fmt.Errorf("remote_access: staff issuer %s is not trusted; add `issuer %s { … }`", url, url)
		}
		r.issuers[url] = true
	}
	return r, nil
}

func (c *RemoteAccess) readStaff(r *remoteRules) error {
	for _, claim := range slices.Concat(c.Claims, c.RequireClaims) {
		if claim.Name == "" || len(claim.Values) == 0 || slices.Contains(claim.Values, "") {
			return errors.New("a claim needs a name and at least one value")
		}
	}
	for _, text := range c.Networks {
		prefix, err := readNetwork(text)
		if err != nil {
			return err
		}
		r.networks = append(r.networks, prefix)
	}
	return nil
}

// readNetwork takes a network, or one address.
func readNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.Unmap().WithZone("")
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix.Masked() != prefix {
		return netip.Prefix{}, fmt.Errorf("networks: expected addresses or networks such as 203.0.113.0/24, got %q", text)
	}
	return prefix, nil
}

func (c *RemoteAccess) readSetting(r *remoteRules) error {
	var ok bool
	if r.initial, ok = remote.ParseSetting(cmp.Or(c.Setting, remote.Off.String())); !ok {
		return fmt.Errorf("setting: expected off, all, read-only, approved or approved-read-only, got %q", c.Setting)
	}
	if r.all, ok = remote.ParseRole(cmp.Or(c.AllRole, remote.Admin.String())); !ok {
		return fmt.Errorf("all_role: expected %s, got %q", roleWords, c.AllRole)
	}
	return nil
}

const roleWords = "devops-viewer, devops-user or devops-admin"

func (c *RemoteAccess) readLimits(r *remoteRules) error {
	r.rules = remote.Rules{PendingTimeout: time.Duration(c.PendingTimeout), TwoForAdmin: c.TwoApprovers}
	if c.PendingTimeout < 0 || c.SessionIdle < 0 || c.Retention < 0 {
		return errors.New("expected no negative duration")
	}
	if err := c.readDays(&r.rules); err != nil {
		return err
	}
	if c.Ticket != "" {
		var err error
		if r.rules.Ticket, err = regexp.Compile(c.Ticket); err != nil {
			return fmt.Errorf("ticket: %w", err)
		}
	}
	if c.BreakGlass != "" {
		var ok bool
		if r.rules.BreakGlass, ok = remote.ParseRole(c.BreakGlass); !ok {
			return fmt.Errorf("break_glass: expected %s, got %q", roleWords, c.BreakGlass)
		}
	}
	return nil
}

func (c *RemoteAccess) readDays(rules *remote.Rules) error {
	for _, name := range slices.Sorted(maps.Keys(c.MaxDays)) { // "" comes first
		days := c.MaxDays[name]
		if days < 1 || days > remote.MaxDays {
			return fmt.Errorf("max_days: expected 1 to %d, got %d", remote.MaxDays, days)
		}
		if name == "" {
			for role := range rules.MaxDays {
				rules.MaxDays[role] = days
			}
			continue
		}
		role, ok := remote.ParseRole(name)
		if !ok {
			return fmt.Errorf("max_days: expected %s, got %q", roleWords, name)
		}
		rules.MaxDays[role] = days
	}
	return nil
}
