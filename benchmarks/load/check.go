package load

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Bounds of a plan, so that a mistyped number cannot take a machine for a day.
const (
	maxConnections = 20_000
	maxRate        = 1_000_000
	maxRequests    = 100_000_000
	maxWarmup      = time.Minute
	maxDuration    = 10 * time.Minute
	defaultTimeout = 10 * time.Second
)

// completed is the plan with its defaults, or what is wrong with it.
func (p Plan) completed() (Plan, error) {
	if p.Network == "" {
		p.Network = "tcp"
	}
	if p.Timeout == 0 {
		p.Timeout = defaultTimeout
	}
	if p.MaxRequests == 0 {
		p.MaxRequests = maxRequests
	}
	switch {
	case p.Next == nil:
		return p, errors.New("load: a plan needs Next")
	case p.Connections < 1 || p.Connections > maxConnections:
		return p, fmt.Errorf("load: %d connections, not 1 to %d", p.Connections, maxConnections)
	case !(p.Rate >= 0 && p.Rate <= maxRate): // this way round it is true of NaN
		return p, fmt.Errorf("load: a rate of %v, not 0 to %d", p.Rate, maxRate)
	case p.Warmup < 0 || p.Warmup > maxWarmup:
		return p, fmt.Errorf("load: a warm-up of %v, not 0 to %v", p.Warmup, maxWarmup)
	case p.Duration <= 0 || p.Duration > maxDuration:
		return p, fmt.Errorf("load: a duration of %v, not up to %v", p.Duration, maxDuration)
	case p.Timeout < 0 || p.Timeout > maxDuration:
		return p, fmt.Errorf("load: a timeout of %v, not up to %v", p.Timeout, maxDuration)
	case p.MaxRequests < 0 || p.MaxRequests > maxRequests:
		return p, fmt.Errorf("load: %d requests, not 1 to %d", p.MaxRequests, maxRequests)
	}
	return p, p.checkLocal()
}

// checkLocal holds the generator to this machine: nothing here may be turned on somebody else's server.
func (p Plan) checkLocal() error {
	if p.LocalIP.IsValid() && !p.LocalIP.IsLoopback() {
		return fmt.Errorf("load: source address %v is not loopback", p.LocalIP)
	}
	switch p.Network {
	case "unix":
		return nil
	case "tcp":
		return Loopback(p.Address)
	}
	return fmt.Errorf("load: network %q, not tcp or unix", p.Network)
}

// Loopback is an error unless address is an IP address of loopback with a port. A name is none: what it stands for is decided
// elsewhere, and later.
func Loopback(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("load: %q is not an IP address with a port: %w", address, err)
	}
	if !at.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("load: %v is not loopback", at)
	}
	return nil
}
