package quota

import "net/netip"

// ipv6Bits is what one IPv6 client has at least: counting single addresses
// would give everyone 2^64 limits.
const ipv6Bits = 64

// KeyForIP returns the counter key of a client's address: an IPv4 address
// itself, also where it came mapped into IPv6, and the /64 network of any other
// IPv6 address, without its zone. The zero Addr gives an empty key, which Take
// refuses.
func KeyForIP(addr netip.Addr) string {
	addr = addr.Unmap()
	switch {
	case !addr.IsValid():
		return ""
	case addr.Is4():
		return addr.String()
	}
	network, err := addr.Prefix(ipv6Bits) // drops the zone
	if err != nil {
		return ""
	}
	return network.String()
}
