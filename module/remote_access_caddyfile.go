package module

import (
	"fmt"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseRemoteAccess reads
//
//	remote_access {
//	    staff           issuer <url...>
//	    staff           claim <name> <value...>
//	    require_claim   <name> <value...>
//	    networks        <address|network...>
//	    setting         off | all | read-only | approved | approved-read-only
//	    all_role        <role>
//	    max_days        [<role>] <number>
//	    pending_timeout <duration>
//	    two_approvers
//	    ticket          <regular expression>
//	    break_glass     <role>
//	    accept_rejected
//	    session_idle    <duration>
//	    retention       <duration>
//	    mail { … }
//	    webhook <name> <url> { … }
//	}
//
// where a role is devops-viewer, devops-user or devops-admin. For mail see parseRemoteMail, for webhooks
// parseRemoteWebhook.
func (a *App) parseRemoteAccess(d *caddyfile.Dispenser) error {
	if a.RemoteAccess != nil {
		return d.Err("remote_access is given twice")
	}
	if err := parseNoArgs(d); err != nil {
		return err
	}
	head := placeOf(d)
	c := new(RemoteAccess)
	a.RemoteAccess = c
	err := parseBlock(d, "remote_access", options{
		"staff":         c.parseStaff,
		"require_claim": func(d *caddyfile.Dispenser) error { return parseStaffClaim(d, &c.RequireClaims) },
		"networks":      func(d *caddyfile.Dispenser) error { return appendArgs(d, &c.Networks, "addresses or networks") },
		"setting": func(d *caddyfile.Dispenser) error {
			return parseChoice(d, &c.Setting, "off", "all", "read-only", "approved", "approved-read-only")
		},
		"all_role":        func(d *caddyfile.Dispenser) error { return parseRole(d, &c.AllRole) },
		"max_days":        c.parseMaxDays,
		"pending_timeout": func(d *caddyfile.Dispenser) error { return parseDuration(d, &c.PendingTimeout) },
		"two_approvers":   func(d *caddyfile.Dispenser) error { return parseFlag(d, &c.TwoApprovers) },
		"ticket": func(d *caddyfile.Dispenser) error {
			return parseOne(d, &c.Ticket, "a regular expression such as SUP-[0-9]+")
		},
		"break_glass":     func(d *caddyfile.Dispenser) error { return parseRole(d, &c.BreakGlass) },
		"accept_rejected": func(d *caddyfile.Dispenser) error { return parseFlag(d, &c.AcceptRejected) },
		"session_idle":    func(d *caddyfile.Dispenser) error { return parseDuration(d, &c.SessionIdle) },
		"retention":       func(d *caddyfile.Dispenser) error { return parseDuration(d, &c.Retention) },
		"mail":            c.parseRemoteMail,
		"webhook":         c.parseRemoteWebhook,
	})
	if err != nil {
		return err
	}
	// Issuers may be named further down, so whether they are trusted is asked when the config is loaded.
	_, err = (&RemoteAccess{
		Networks: c.Networks, Ticket: c.Ticket, MaxDays: c.MaxDays, RequireClaims: c.RequireClaims, Claims: c.Claims,
	}).read(nil)
	return atLine(head, err)
}

func (c *RemoteAccess) parseStaff(d *caddyfile.Dispenser) error {
	if !d.NextArg() {
		return d.Err("staff: expected issuer or claim")
	}
	switch d.Val() {
	case "issuer":
		return appendArgs(d, &c.Issuers, "the URL of an issuer")
	case "claim":
		return parseStaffClaim(d, &c.Claims)
	}
	return d.Errf("staff: expected issuer or claim, got %q", d.Val())
}

func parseStaffClaim(d *caddyfile.Dispenser, to *[]StaffClaim) error {
	name, args := d.Val(), d.RemainingArgs()
	if len(args) < 2 {
		return d.Errf("%s: expected a claim and one or more values, such as `amr mfa`", name)
	}
	*to = append(*to, StaffClaim{Name: args[0], Values: args[1:]})
	return nil
}

func parseRole(d *caddyfile.Dispenser, to *string) error {
	return parseChoice(d, to, "devops-viewer", "devops-user", "devops-admin")
}

func (c *RemoteAccess) parseMaxDays(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	role := ""
	if len(args) == 2 {
		role, args = args[0], args[1:]
	}
	if len(args) != 1 {
		return d.Err("max_days: expected a number of days, and before it a role where it is for one only")
	}
	days, err := strconv.Atoi(args[0])
	if err != nil {
		return d.Errf("max_days: expected a number of days, got %q", args[0])
	}
	if _, twice := c.MaxDays[role]; twice {
		return d.Errf("max_days is given twice%s", forRole(role))
	}
	if c.MaxDays == nil {
		c.MaxDays = map[string]int{}
	}
	c.MaxDays[role] = days
	_, err = (&RemoteAccess{MaxDays: c.MaxDays}).read(nil)
	return atLine(d, err)
}

func forRole(role string) string {
	if role == "" {
		return ""
	}
	return fmt.Sprintf(" for %s", role)
}
