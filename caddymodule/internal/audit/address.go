package audit

import "net/netip"

// The network part of an address that TruncateAddr keeps, in bits.
const (
	keptBits4 = 24
	keptBits6 = 48
)

// TruncateAddr clears what tells one client of a network from another: it keeps
// 24 bits of an IPv4 address and 48 of an IPv6 address. An IPv4 address inside an
// IPv6 one counts as IPv4. The zero Addr stays what it is.
func TruncateAddr(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
	bits := keptBits6
	if addr.Is4() {
		bits = keptBits4
	}
	prefix, err := addr.Prefix(bits) // drops the zone, too
	if err != nil {                  // the zero Addr has no prefix
		return netip.Addr{}
	}
	return prefix.Addr()
}

// AddrPseudonym returns the pseudonym of a client's address, in the form of a
// number's; empty for the zero Addr. An address and a number never have the same
// one, because numbers start with "+".
func (p *Pseudonymizer) AddrPseudonym(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return p.Pseudonym("ip:" + addr.Unmap().WithZone("").String())
}
