package throttle_test

import (
	"net/netip"
	"testing"

	"github.com/doorward/doorward/internal/throttle"
)

func TestAddressOf(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"0.0.0.0", "::", false},
		{"::1", "not an address", false},
		{"", "not an address", true},
		{"010.0.0.1", "10.0.0.1", false}, // read as octal by some and as decimal by others, so by nobody here
		{"ff00::ff", "not an address", false},
	} {
		if same := throttle.AddressOf(test.a) == throttle.AddressOf(test.b); same != test.same {
			t.Errorf("%q and %q count as one: %t", test.a, test.b, same)
		}
	}
}

// FuzzAddressOf: two texts count as one address exactly where they name the same IPv4 address, or IPv6 addresses of the
// same /64, or no address at all.
func FuzzAddressOf(f *testing.F) {
	f.Add("192.0.2.1", "::ffff:192.0.2.1")
	f.Add("2001:db8::1", "2001:db8::2%eth0")
	f.Add("::1", "")
	f.Add("ff00::ff", "1.2.3")
	f.Add("::ffff:0:1", "0.0.0.1")
	f.Fuzz(func(t *testing.T, a, b string) {
		if got, want := throttle.AddressOf(a) == throttle.AddressOf(b), network(a) == network(b); got != want {
			t.Errorf("%q and %q count as one: %t, want %t", a, b, got, want)
		}
	})
}

// network is the same rule by the words of netip.
func network(text string) netip.Prefix {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
