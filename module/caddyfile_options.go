package module

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// option reads one line of a block, from the token of its name on. Errors of a Dispenser carry file and line.
type option func(d *caddyfile.Dispenser) error

// options are the lines that a block may have, by name.
type options map[string]option

// parseBlock reads a block, which may be missing, line by line.
func parseBlock(d *caddyfile.Dispenser, block string, known options) error {
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		read, ok := known[name]
		if !ok {
			return d.Errf("unknown option %q of %s, expected one of: %s",
				name, block, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		if err := read(d); err != nil {
			return err
		}
	}
	return nil
}

// parseFlag reads an option without arguments.
func parseFlag(d *caddyfile.Dispenser, to *bool) error {
	name := d.Val()
	if d.NextArg() {
		return d.Errf("%s takes no arguments, got %q", name, d.Val())
	}
	*to = true
	return nil
}

// parseOne reads an option with exactly one argument.
func parseOne(d *caddyfile.Dispenser, to *string, what string) error {
	name := d.Val()
	args := d.RemainingArgs()
	if len(args) != 1 || args[0] == "" {
		return d.Errf("%s: expected %s, got %d arguments", name, what, len(args))
	}
	if *to != "" {
		return d.Errf("%s is given twice", name)
	}
	*to = args[0]
	return nil
}

// parseChoice reads an option whose argument is one of a few words.
func parseChoice(d *caddyfile.Dispenser, to *string, choices ...string) error {
	name, list := d.Val(), strings.Join(choices, ", ")
	args := d.RemainingArgs()
	if len(args) != 1 {
		return d.Errf("%s: expected one of: %s", name, list)
	}
	if !slices.Contains(choices, args[0]) {
		return d.Errf("%s: expected one of: %s; got %q", name, list, args[0])
	}
	if *to != "" {
		return d.Errf("%s is given twice", name)
	}
	*to = args[0]
	return nil
}

// appendArgs reads an option with one or more arguments, which may be given several times.
func appendArgs(d *caddyfile.Dispenser, to *[]string, what string) error {
	name := d.Val()
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.Errf("%s: expected %s", name, what)
	}
	*to = append(*to, args...)
	return nil
}

func parseDuration(d *caddyfile.Dispenser, to *caddy.Duration) error {
	name, text := d.Val(), ""
	if err := parseOne(d, &text, "a duration such as 30s"); err != nil {
		return err
	}
	duration, err := caddy.ParseDuration(text)
	if err != nil || duration <= 0 {
		return d.Errf("%s: expected a duration such as 30s, got %q", name, text)
	}
	if *to != 0 {
		return d.Errf("%s is given twice", name)
	}
	*to = caddy.Duration(duration)
	return nil
}

func parseNumber(d *caddyfile.Dispenser, to *int) error {
	name, text := d.Val(), ""
	if err := parseOne(d, &text, "a number"); err != nil {
		return err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		return d.Errf("%s: expected a number above 0, got %q", name, text)
	}
	if *to != 0 {
		return d.Errf("%s is given twice", name)
	}
	*to = n
	return nil
}

// parseNoArgs reads the head of an option that has a block and nothing else.
func parseNoArgs(d *caddyfile.Dispenser) error {
	name := d.Val()
	if d.NextArg() {
		return d.Errf("%s takes no arguments, got %q; its options stand in a block", name, d.Val())
	}
	return nil
}

// parseEnvironmentName reads an option that names an environment.
func parseEnvironmentName(d *caddyfile.Dispenser, to *string) error {
	if err := parseOne(d, to, "an environment"); err != nil {
		return err
	}
	return atLine(d, checkEnvironmentName(*to))
}

// atLine gives an error the place that was read last. What is checked on loading is checked while reading as well,
// because only then is the line known.
func atLine(d *caddyfile.Dispenser, err error) error {
	if err == nil {
		return nil
	}
	return d.Err(err.Error())
}
