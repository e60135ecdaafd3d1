package module

import (
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseRemoteMail reads
//
//	mail {
//	    server           <host:port>
//	    security         starttls | tls | none
//	    user             <name>
//	    password_file    <file>
//	    ca_file          <file>
//	    from             <address>
//	    to               <address...>
//	    link             <url>
//	    sessions
//	    pending_reminder <duration> | off
//	    expiry_warning   <duration> | off
//	}
func (c *RemoteAccess) parseRemoteMail(d *caddyfile.Dispenser) error {
	if c.Mail != nil {
		return d.Err("mail is given twice")
	}
	if err := parseNoArgs(d); err != nil {
		return err
	}
	head := placeOf(d)
	m := new(RemoteMail)
	c.Mail = m
	one := func(to *string, what string) option {
		return func(d *caddyfile.Dispenser) error { return parseOne(d, to, what) }
	}
	err := parseBlock(d, "mail", options{
		"server":           one(&m.Server, "a mail server such as mail.example.com:587"),
		"security":         func(d *caddyfile.Dispenser) error { return parseChoice(d, &m.Security, "starttls", "tls", "none") },
		"user":             one(&m.User, "a user"),
		"password_file":    one(&m.PasswordFile, "a file"),
		"ca_file":          one(&m.CAFile, "a file with certificates"),
		"from":             one(&m.From, "an address"),
		"to":               func(d *caddyfile.Dispenser) error { return appendArgs(d, &m.To, "addresses") },
		"link":             one(&m.Link, "an https URL"),
		"sessions":         func(d *caddyfile.Dispenser) error { return parseFlag(d, &m.Sessions) },
		"pending_reminder": func(d *caddyfile.Dispenser) error { return parseDurationOrOff(d, &m.PendingReminder) },
		"expiry_warning":   func(d *caddyfile.Dispenser) error { return parseDurationOrOff(d, &m.ExpiryWarning) },
	})
	if err != nil {
		return err
	}
	// What stands in files is read when the config is loaded.
	plain := *m
	if plain.PasswordFile != "" {
		plain.User = ""
	}
	plain.PasswordFile, plain.CAFile = "", ""
	_, err = plain.sender()
	return atLine(head, err)
}

// parseDurationOrOff reads a duration, or off, which is one below 0.
func parseDurationOrOff(d *caddyfile.Dispenser, to *caddy.Duration) error {
	name := d.Val()
	args := d.RemainingArgs()
	if *to != 0 {
		return d.Errf("%s is given twice", name)
	}
	if len(args) == 1 && args[0] == "off" {
		*to = -1
		return nil
	}
	if len(args) == 1 {
		if duration, err := caddy.ParseDuration(args[0]); err == nil && duration > 0 {
			*to = caddy.Duration(duration)
			return nil
		}
	}
	return d.Errf("%s: expected a duration such as 24h, or off", name)
}

// parseRemoteWebhook reads
//
//	webhook <name> <url> {
//	    secret_file <file...>
//	    events      <event...>
//	}
func (c *RemoteAccess) parseRemoteWebhook(d *caddyfile.Dispenser) error {
	head := placeOf(d)
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Errf("webhook: expected a name and a URL, got %d arguments", len(args))
	}
	hook := RemoteWebhook{Name: args[0], URL: args[1]}
	if slices.ContainsFunc(c.Webhooks, func(other RemoteWebhook) bool { return other.Name == hook.Name }) {
		return d.Errf("webhook %s is given twice", hook.Name)
	}
	err := parseBlock(d, "webhook", options{
		"secret_file": func(d *caddyfile.Dispenser) error { return appendArgs(d, &hook.SecretFiles, "a file") },
		"events": func(d *caddyfile.Dispenser) error {
			if err := appendArgs(d, &hook.Events, "some of "+eventWords()); err != nil {
				return err
			}
			_, err := readEvents(hook.Events)
			return atLine(d, err)
		},
	})
	if err != nil {
		return err
	}
	if len(hook.SecretFiles) == 0 {
		return head.Errf("webhook %s: expected secret_file; without a secret nobody could tell who sends", hook.Name)
	}
	c.Webhooks = append(c.Webhooks, hook)
	return nil
}
