package tokens_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

func TestVerifyNetworks(t *testing.T) {
	for _, test := range []struct {
		networks string // with spaces between
		client   string
		want     tokens.Refusal
	}{
		{"", "", ""}, {"", "nonsense", ""}, {"", "192.0.2.1", ""}, {"", "fe80::1%eth0", ""},
		{"192.0.2.0/24", "192.0.2.0", ""}, {"192.0.2.0/24", "192.0.2.255", ""},
		{"192.0.2.0/24", "192.0.3.0", tokens.WrongNetwork}, {"192.0.2.0/24", "192.0.1.255", tokens.WrongNetwork},
		{"192.0.2.7/32", "192.0.2.7", ""}, {"192.0.2.7/32", "192.0.2.6", tokens.WrongNetwork},
		{"10.0.0.0/8 192.0.2.0/24", "192.0.2.9", ""}, {"10.0.0.0/8 192.0.2.0/24", "11.0.0.1", tokens.WrongNetwork},
		{"2001:db8::/32", "2001:db8:ffff::1", ""}, {"2001:db8::/32", "2001:db9::1", tokens.WrongNetwork},
		{"2001:db8::/32", "2001:0DB8:0:0:0:0:0:1", ""},

		// One address has several spellings, and none of them gets a client in or out.
		{"192.0.2.0/24", "::ffff:192.0.2.1", ""}, {"192.0.2.0/24", "::ffff:c000:201", ""},
		{"192.0.2.0/24", "::ffff:192.0.3.1", tokens.WrongNetwork}, {"192.0.2.0/24", "0:0:0:0:0:ffff:192.0.2.1", ""},
		{"::ffff:192.0.2.0/120", "192.0.2.1", ""}, {"::ffff:192.0.2.0/120", "::ffff:192.0.2.1", ""},
		{"::ffff:192.0.2.0/120", "192.0.3.1", tokens.WrongNetwork},
		{"::/0", "192.0.2.1", tokens.WrongNetwork}, {"::/0", "::ffff:192.0.2.1", tokens.WrongNetwork}, {"::/0", "2001:db8::1", ""},
		{"0.0.0.0/0", "192.0.2.1", ""}, {"0.0.0.0/0", "2001:db8::1", tokens.WrongNetwork}, {"0.0.0.0/0", "::192.0.2.1", tokens.WrongNetwork},

		// What is no plain address is outside of everything.
		{"0.0.0.0/0 ::/0", "", tokens.WrongNetwork}, {"0.0.0.0/0 ::/0", "nonsense", tokens.WrongNetwork},
		{"0.0.0.0/0 ::/0", "192.0.2.1:443", tokens.WrongNetwork}, {"0.0.0.0/0 ::/0", " 192.0.2.1", tokens.WrongNetwork},
		{"0.0.0.0/0 ::/0", "192.0.2.01", tokens.WrongNetwork}, {"0.0.0.0/0 ::/0", "3221225985", tokens.WrongNetwork},
		{"0.0.0.0/0 ::/0", "192.0.2.1, 10.0.0.1", tokens.WrongNetwork}, {"0.0.0.0/0 ::/0", "[2001:db8::1]", tokens.WrongNetwork},
		{"fe80::/10", "fe80::1", ""}, {"fe80::/10", "fe80::1%eth0", tokens.WrongNetwork}, {"fe80::/10", "fe80::1%", tokens.WrongNetwork},
		{"192.0.2.0/24", "::ffff:192.0.2.1%eth0", tokens.WrongNetwork},
		{"0.0.0.0/0 ::/0", strings.Repeat("1", 1<<20), tokens.WrongNetwork},
	} {
		g := newGate(t, tokens.VerifierConfig{})
		c := apiToken(g.issue(t, "dt0c01", func(r *tokens.Record) { r.Networks = strings.Fields(test.networks) }).Secret.Reveal())
		for range 2 {
			if _, refusal, err := g.Verify(t.Context(), c, "prod", test.client, now); refusal != test.want || err != nil {
				t.Errorf("from %.40q, networks %q: %q, %v; want %q", test.client, test.networks, refusal, err, test.want)
			}
		}
	}
}

// Attack: a row of the store is damaged, or was written by a newer version, so that its networks cannot be read; the
// token would then work from everywhere. Fix: reading them is part of loading the token. Invariant: such a token is a
// fault, with or without other networks that can be read.
func TestUnreadableNetworkIsFault(t *testing.T) {
	for _, network := range []string{
		"", "office", "192.0.2.0/33", "192.0.2.0/", "/24", "fe80::%eth0/64", "192.0.2.0-192.0.2.9", "::ffff:0:0/95", "192.0.2.0/24 ",
	} {
		g := newGate(t, tokens.VerifierConfig{})
		minted := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Networks = []string{"0.0.0.0/0", network} })
		p, refusal, err := g.Verify(t.Context(), apiToken(minted.Secret.Reveal()), "prod", "192.0.2.1", now)
		if p != nil || refusal != "" || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%q: %v, %q, %v", network, p, refusal, err)
		}
		if g.Stats().Faults != 1 || g.Stats().Cached != 0 {
			t.Errorf("%q: %+v", network, g.Stats())
		}
	}
}

// More networks than are ever stored would make every request of the token slow.
func TestTooManyNetworksAreFault(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	networks := make([]string, 101)
	for i := range networks {
		networks[i] = fmt.Sprintf("10.0.%d.0/24", i)
	}
	for n, isFault := range map[int]bool{100: false, 101: true} {
		minted := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Networks = networks[:n] })
		_, refusal, err := g.Verify(t.Context(), apiToken(minted.Secret.Reveal()), "prod", "10.0.99.1", now)
		if (err != nil) != isFault || refusal != "" {
			t.Errorf("%d networks: %q, %v", n, refusal, err)
		}
	}
}

// Attack: a token is stolen and shown from elsewhere, and what the gate answers tells the thief why it does not work.
// Invariant: of a token that would be refused anyway the network is not looked at, and one with a wrong secret is
// refused for its secret.
func TestNetworkIsJudgedLast(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	for want, edit := range map[tokens.Refusal]func(*tokens.Record){
		tokens.Disabled:         func(r *tokens.Record) { r.Enabled = false },
		tokens.Expired:          func(r *tokens.Record) { r.Expires = now },
		tokens.WrongEnvironment: func(r *tokens.Record) { r.Environment = "test" },
		tokens.WrongNetwork:     func(r *tokens.Record) { r.Personal = true },
	} {
		text := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Networks = []string{"10.0.0.0/8"}; edit(r) }).Secret.Reveal()
		if _, refusal := g.verify(t, apiToken(text)); refusal != want {
			t.Errorf("%q, want %q", refusal, want)
		}
		if _, refusal := g.verify(t, apiToken(text[:95]+flip(text[95]))); refusal != tokens.WrongSecret {
			t.Errorf("with a wrong secret: %q", refusal)
		}
	}
	if uses := g.Stats(); g.Flush(t.Context()) != nil || len(g.store.Uses()) != 0 {
		t.Errorf("a refused token was noted as used: %+v", uses)
	}
}

// Attack: a token's networks are narrowed while the store is going down, and the entry from before serves on. Invariant:
// what was forgotten is not served, and what was not is served with the networks that it had.
func TestNetworksChangeAtOnce(t *testing.T) {
	store := newFlaky()
	g := newGate(t, tokens.VerifierConfig{Store: &store.Memory})
	minted := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Networks = []string{"192.0.2.0/24"} })
	record := tokens.Record{ID: minted.ID, Digest: minted.Digest, Environment: "prod", Enabled: true, Networks: []string{"10.0.0.0/8"}}
	c := apiToken(minted.Secret.Reveal())
	g.verify(t, c)
	store.Put(record)
	g.Forget(minted.ID)
	if _, refusal := g.verify(t, c); refusal != tokens.WrongNetwork {
		t.Errorf("after the change: %q", refusal)
	}
	store.down.Store(true)
	if _, refusal, err := g.Verify(t.Context(), c, "prod", "192.0.2.1", now.Add(time.Minute)); refusal != tokens.WrongNetwork || err != nil {
		t.Errorf("with the store down: %q, %v", refusal, err)
	}
	g.Forget(minted.ID)
	if _, refusal, err := g.Verify(t.Context(), c, "prod", "10.0.0.1", now.Add(time.Minute)); refusal != "" || !errors.Is(err, errDown) {
		t.Errorf("after another change: %q, %v", refusal, err)
	}
}

// Invariant: a client is let in exactly if its address, as 16 bytes, lies within one of the networks, as 16 bytes,
// except that ::/0 and other networks wider than all of IPv4 have no IPv4 in them.
func TestNetworksAgreeWithBits(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	minted := g.issue(t, "dt0c01", nil)
	record := tokens.Record{ID: minted.ID, Digest: minted.Digest, Environment: "prod", Enabled: true}
	// Few different bytes, or hardly any client would be within.
	address := rapid.Custom(func(t *rapid.T) netip.Addr {
		if rapid.Bool().Draw(t, "v4") {
			return netip.AddrFrom4([4]byte{10, byte(rapid.IntRange(0, 3).Draw(t, "b")), 0, byte(rapid.IntRange(0, 255).Draw(t, "d"))})
		}
		return netip.AddrFrom16([16]byte{0x20, 1, 15: byte(rapid.IntRange(0, 255).Draw(t, "p"))})
	})
	rapid.Check(t, func(rt *rapid.T) {
		record.Networks = nil
		client, want := address.Draw(rt, "client"), false
		for range rapid.IntRange(1, 4).Draw(rt, "networks") {
			a := address.Draw(rt, "network")
			network := netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(rt, "bits"))
			record.Networks = append(record.Networks, network.String())
			want = want || a.Is4() == client.Is4() && sameBits(a, client, network.Bits())
		}
		g.store.Put(record)
		g.Forget(minted.ID)
		text := client.String()
		if client.Is4() && rapid.Bool().Draw(rt, "mapped") {
			text = "::ffff:" + text
		}
		_, refusal, err := g.Verify(t.Context(), apiToken(minted.Secret.Reveal()), "prod", text, now)
		if err != nil || (refusal == "") != want {
			rt.Fatalf("%s within %v: %q, %v; want %v", text, record.Networks, refusal, err, want)
		}
	})
}

func sameBits(a, b netip.Addr, n int) bool {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range n {
		if bit := byte(0x80) >> (i % 8); x[i/8]&bit != y[i/8]&bit {
			return false
		}
	}
	return true
}

func FuzzClientAddress(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "::ffff:192.0.2.1", "", "fe80::1%eth0", "192.0.2.1/24", "::", "1.2.3.4.5"} {
		f.Add(seed)
	}
	g := newGate(f, tokens.VerifierConfig{})
	c := apiToken(g.issue(f, "dt0c01", func(r *tokens.Record) { r.Networks = []string{"192.0.2.0/24", "2001:db8::/32"} }).Secret.Reveal())
	f.Fuzz(func(t *testing.T, client string) {
		_, refusal, err := g.Verify(t.Context(), c, "prod", client, now)
		if err != nil || refusal != "" && refusal != tokens.WrongNetwork {
			t.Fatalf("%q, %v", refusal, err)
		}
		if refusal != "" {
			return
		}
		// Whoever is let in has an address that any other reader finds within as well.
		a, err := netip.ParseAddr(client)
		if err != nil || a.Zone() != "" {
			t.Fatalf("%q was let in", client)
		}
		if a = a.Unmap(); a.Is4() != strings.HasPrefix(a.String(), "192.0.2.") {
			t.Fatalf("%q was let in", client)
		}
	})
}
