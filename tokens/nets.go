package tokens

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// clientNets are the networks from which a token may be used; none: from everywhere. IPv4 is always written as IPv4, so
// that a network holds an address however the two were spelled.
type clientNets []netip.Prefix

// readNets reads what the store has. An error is a fault and never "no restriction": who damages a row, or writes one in
// a newer form, must not open the token to the world.
func readNets(texts []string) (clientNets, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	if len(texts) > maxNetworks {
		return nil, fmt.Errorf("the token has %d networks, more than the %d that are looked at", len(texts), maxNetworks)
	}
	nets := make(clientNets, len(texts))
	for i, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err == nil && network.Addr().Is4In6() {
			// A mapped prefix that is wider than all of IPv4 comes out as the zero Prefix, and is refused with it.
			network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
		}
		if !network.IsValid() {
			return nil, fmt.Errorf("network %d of the token, %.60q, cannot be read", i+1, text)
		}
		nets[i] = network
	}
	return nets, nil
}

// admit reports whether a client at this address may use the token. What is no address is outside of every network, an
// address with a zone too: the zone says that it means something on one link only.
func (n clientNets) admit(clientIP string) bool {
	if len(n) == 0 {
		return true
	}
	if len(clientIP) > maxIP || strings.Contains(clientIP, "%") {
		return false
	}
	client, err := netip.ParseAddr(clientIP)
	if err != nil {
		return false
	}
	client = client.Unmap()
	return slices.ContainsFunc(n, func(network netip.Prefix) bool { return network.Contains(client) })
}
