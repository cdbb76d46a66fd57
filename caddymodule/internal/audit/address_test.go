package audit

import (
	"net/netip"
	"testing"
)

func TestTruncatedAddressesNameANetwork(t *testing.T) {
	for _, tt := range []struct{ name, addr, want string }{
		{"IPv4", "192.0.2.77", "192.0.2.0"},
		{"IPv4 in IPv6", "::ffff:192.0.2.77", "192.0.2.0"},
		{"IPv6", "2001:db8:1:2:3:4:5:6", "2001:db8:1::"},
		{"IPv6 with a zone", "fe80::1%eth0", "fe80::"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := TruncateAddr(netip.MustParseAddr(tt.addr)); got != netip.MustParseAddr(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if TruncateAddr(netip.Addr{}).IsValid() {
		t.Error("the zero address became one")
	}
}

func TestAddressesHavePseudonymsOfTheirOwn(t *testing.T) {
	p := newPseudonymizer(t, "e1", sampleKey)
	addr := netip.MustParseAddr("192.0.2.7")
	got := p.AddrPseudonym(addr)
	for name, other := range map[string]string{
		"the address as a number": p.Pseudonym(addr.String()),
		"another address":         p.AddrPseudonym(netip.MustParseAddr("192.0.2.8")),
		"another key":             newPseudonymizer(t, "e1", append([]byte("x"), sampleKey...)).AddrPseudonym(addr),
	} {
		if got == other {
			t.Errorf("%s has the same pseudonym", name)
		}
	}
	if mapped := p.AddrPseudonym(netip.MustParseAddr("::ffff:192.0.2.7")); mapped != got {
		t.Error("one client has two pseudonyms")
	}
	if p.AddrPseudonym(netip.Addr{}) != "" {
		t.Error("no address has a pseudonym")
	}
}
