package quota

import (
	"net/netip"
	"testing"
)

func TestAddressesAreCountedByClient(t *testing.T) {
	tests := []struct{ name, addr, want string }{
		{"IPv4", "192.0.2.7", "192.0.2.7"},
		{"IPv4 mapped into IPv6", "::ffff:192.0.2.7", "192.0.2.7"},
		{"IPv6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"IPv6 neighbour", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"},
		{"IPv6 other network", "2001:db8:1:3::1", "2001:db8:1:3::/64"},
		{"IPv6 with zone", "fe80::1%eth0", "fe80::/64"},
		{"mapped with zone", "::ffff:192.0.2.7%eth0", "192.0.2.7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := KeyForIP(netip.MustParseAddr(tt.addr)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := KeyForIP(netip.Addr{}); got != "" {
		t.Errorf("the zero address is counted as %q", got)
	}
}
