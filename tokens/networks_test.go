package tokens_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

func TestNetworks(t *testing.T) {
	for name, test := range map[string]struct{ given, want []string }{
		"none":                {nil, nil},
		"host bits":           {[]string{"192.0.2.77/24"}, []string{"192.0.2.0/24"}},
		"addresses":           {[]string{"192.0.2.7", "2001:DB8::7"}, []string{"192.0.2.7/32", "2001:db8::7/128"}},
		"IPv4 as IPv6":        {[]string{"::ffff:192.0.2.7", "::ffff:10.1.2.3/104"}, []string{"10.0.0.0/8", "192.0.2.7/32"}},
		"twice":               {[]string{"10.0.0.1/8", "10.0.0.0/8", "::ffff:10.0.0.0/104"}, []string{"10.0.0.0/8"}},
		"everywhere, by name": {[]string{"::/0", "0.0.0.0/0"}, []string{"0.0.0.0/0", "::/0"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, nil)
			a := attributes()
			a.Networks = test.given
			created, err := o.Create(t.Context(), "cli:root", tokens.CreateRequest{Attributes: a})
			if diff := cmp.Diff(test.want, created.Record.Networks); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if r, err := o.Import(t.Context(), "cli:root", tokens.ImportRequest{Attributes: a, Text: tokens.NewSecret(legacyText)}); err != nil || !cmp.Equal(test.want, r.Networks) {
				t.Errorf("imported: %v, %v", r.Networks, err)
			}
		})
	}
}

// Attack: a network that is misread as a wider one, or as none, opens a token to the world.
// Fix: what is not exactly an address or a prefix is refused. Invariant: no restriction is dropped silently.
func TestNetworksRefuse(t *testing.T) {
	o := newOffice(t, nil)
	for _, text := range []string{
		"", " ", "10.0.0.0/8 ", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/08", "010.0.0.1", "10.0.0.0/", "/8", "*", "localhost",
		"fe80::1%eth0", "fe80::1%eth0/64", "::ffff:10.0.0.0/95", "::ffff:10.0.0.0/0", "10.0.0.1-10.0.0.9", "10.0.0.0/8\x00", strings.Repeat("1", 10_000),
	} {
		a := attributes()
		a.Networks = []string{"192.0.2.0/24", text}
		_, err := o.Create(t.Context(), "cli:root", tokens.CreateRequest{Attributes: a})
		if diff := cmp.Diff([]string{"allowedNetworks[1]"}, partNames(err)); diff != "" || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%.40q: %v", text, err)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("%.40q: a sentence of %d bytes", text, len(err.Error()))
		}
	}
}

// Invariant: what is stored is canonical (it reads back as itself), and holds the address that was written.
func FuzzNetworks(f *testing.F) {
	for _, seed := range []string{"192.0.2.1/24", "::ffff:192.0.2.1/120", "2001:db8::/32", "::1", "0.0.0.0/0", "fe80::1%1", "x"} {
		f.Add(seed)
	}
	o := newOffice(f, nil)
	id := o.put(nil)
	f.Fuzz(func(t *testing.T, text string) {
		err := o.Update(t.Context(), "alice", id, tokens.Update{Networks: &[]string{text}})
		r, _ := o.Show(t.Context(), id)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		network, err := netip.ParsePrefix(r.Networks[0])
		if err != nil || network.String() != r.Networks[0] || network != network.Masked() || network.Addr().Is4In6() {
			t.Fatalf("%q was stored as %q: %v", text, r.Networks[0], err)
		}
		address, _, _ := strings.Cut(text, "/")
		if written := netip.MustParseAddr(address).Unmap(); !network.Contains(written) {
			t.Fatalf("%q was stored as %q", text, r.Networks[0])
		}
	})
}
