package module

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseFailedAuthentications reads
//
//	failed_authentications {
//	    rate               <number>/s|m|h
//	    burst              <number>
//	    off
//	}
func (a *App) parseFailedAuthentications(d *caddyfile.Dispenser) error {
	if a.FailedAuthentications != nil {
		return d.Err("failed_authentications is given twice")
	}
	if err := parseNoArgs(d); err != nil {
		return err
	}
	c := new(FailedAuthentications)
	a.FailedAuthentications = c
	checked := func(read option) option {
		return func(d *caddyfile.Dispenser) error {
			if err := read(d); err != nil {
				return err
			}
			return atLine(d, c.check())
		}
	}
	return parseBlock(d, "failed_authentications", options{
		"rate":  checked(func(d *caddyfile.Dispenser) error { return parseRate(d, &c.Rate) }),
		"burst": checked(func(d *caddyfile.Dispenser) error { return parseNumber(d, &c.Burst) }),
		"off":   checked(func(d *caddyfile.Dispenser) error { return parseFlag(d, &c.Off) }),
	})
}

// rateUnits are the seconds that a rate may be of.
var rateUnits = map[string]float64{"s": 1, "m": 60, "h": 3600}

// parseRate reads an option with a number for each unit of time, as a number each second.
func parseRate(d *caddyfile.Dispenser, to *float64) error {
	name, text := d.Val(), ""
	if err := parseOne(d, &text, "a rate such as 10/s"); err != nil {
		return err
	}
	if *to != 0 {
		return d.Errf("%s is given twice", name)
	}
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 || rateUnits[unit] == 0 {
		return d.Errf("%s: expected a rate such as 10/s, 600/m or 1000/h, got %q", name, text)
	}
	*to = float64(n) / rateUnits[unit]
	return nil
}
