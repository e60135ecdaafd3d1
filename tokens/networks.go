package tokens

import (
	"fmt"
	"net/netip"
	"slices"
)

// maxNetworks bounds the networks of one token.
const maxNetworks = 100

// networks reads the networks from which a token may be used and gives them in the form that is stored: CIDR, without
// host bits, IPv4 as IPv4, sorted as texts, none twice. nil for none.
func (f *findings) networks(part string, texts []string) []string {
	if len(texts) > maxNetworks {
		f.add(part, "A token has at most %d networks.", maxNetworks)
		return nil
	}
	var read []string
	for i, text := range texts {
		network, sentence := readNetwork(text)
		if sentence != "" {
			f.add(fmt.Sprintf("%s[%d]", part, i), "%s", sentence)
			continue
		}
		read = append(read, network.String())
	}
	slices.Sort(read)
	return slices.Compact(read)
}

// readNetwork reads a prefix, or an address as the prefix of just that address, or says in a sentence what is wrong. A
// client's address is compared as IPv4 where it is one, so a prefix that writes IPv4 as IPv6 would let nobody in; it is
// turned into what was meant.
func readNetwork(text string) (network netip.Prefix, wrong string) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		switch {
		case err != nil:
			return network, "A network is an address, or a prefix such as 192.0.2.0/24 or 2001:db8::/32."
		case address.Zone() != "": // names an interface of one machine, which means nothing to another
			return network, "The address of a network has no zone."
		}
		network = netip.PrefixFrom(address, address.BitLen())
	}
	if network.Addr().Is4In6() {
		const before = 96 // bits in front of the IPv4 address
		if network.Bits() < before {
			return network, "An IPv4 network that is written as IPv6 has a prefix of at least 96 bits."
		}
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-before)
	}
	return network.Masked(), ""
}
