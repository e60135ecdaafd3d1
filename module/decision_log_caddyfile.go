package module

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseDecisionLog reads
//
//	decision_log [<folder>] {
//	    max_size           <size>
//	    mask               <field...>
//	    sample             <number>
//	    off
//	}
func (a *App) parseDecisionLog(d *caddyfile.Dispenser) error {
	if a.DecisionLog != nil {
		return d.Err("decision_log is given twice")
	}
	log := new(DecisionLog)
	a.DecisionLog = log
	switch args := d.RemainingArgs(); {
	case len(args) > 1:
		return d.Errf("decision_log: expected a folder at most, got %d arguments", len(args))
	case len(args) == 1:
		log.Folder = args[0]
	}
	return parseBlock(d, "decision_log", options{
		"max_size": func(d *caddyfile.Dispenser) error {
			if err := parseSize(d, &log.MaxSize); err != nil {
				return err
			}
			return atLine(d, log.check())
		},
		"mask":   func(d *caddyfile.Dispenser) error { return appendArgs(d, &log.Mask, "a field of the record") },
		"sample": func(d *caddyfile.Dispenser) error { return parseNumber(d, &log.Sample) },
		"off":    func(d *caddyfile.Dispenser) error { return parseFlag(d, &log.Off) },
	})
}

// sizeUnits are the units of a size. A number alone is bytes.
var sizeUnits = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"", 1}}

// largestSize keeps the product of a number and its unit in 64 bits.
const largestSize = 1 << 32

// parseSize reads an option with a number of bytes.
func parseSize(d *caddyfile.Dispenser, to *int64) error {
	name, text := d.Val(), ""
	if err := parseOne(d, &text, "a size such as 64MiB"); err != nil {
		return err
	}
	if *to != 0 {
		return d.Errf("%s is given twice", name)
	}
	for _, unit := range sizeUnits {
		number, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n <= 0 || n > largestSize {
			break
		}
		*to = n * unit.bytes
		return nil
	}
	return d.Errf("%s: expected a size such as 64MiB (units: KiB, MiB, GiB), got %q", name, text)
}
