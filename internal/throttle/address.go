package throttle

import "net/netip"

// Address is what counts as one client: an IPv4 address, in whatever spelling, or the /64 of an IPv6 one, of which everybody
// has many. It has no pointers, so that a table of them costs the garbage collector nothing.
type Address [16]byte

// Unknown stands for every client without an address. It is no network: its last bits are set.
var Unknown = Address{0: 0xff, 15: 0xff}

// AddressOf reads an address as Go prints one, with or without a zone.
func AddressOf(text string) Address {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return Unknown
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.As16() // as ::ffff:a.b.c.d, which no /64 is
	}
	network := Address(ip.As16())
	clear(network[8:])
	return network
}
