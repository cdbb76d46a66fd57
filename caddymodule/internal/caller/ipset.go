package caller

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// The faults of a written address or prefix. Their texts do not repeat it.
var (
	errPrefixForm = errors.New("is neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32")
	errPrefixZone = errors.New("has a zone: write the address without it")
	errPrefixHost = errors.New("has bits set beyond its length: write the first address of the network, or no length for one address")
	errPrefixWide = errors.New("mixes IPv4 and IPv6: write both networks")
)

// ParsePrefix reads one address or one prefix in CIDR notation. An IPv4 network
// that is written as IPv6 (::ffff:192.0.2.0/120) is the IPv4 network.
func ParsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "%") {
		return netip.Prefix{}, errPrefixZone
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, errPrefixForm
		}
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	if prefix != prefix.Masked() {
		return netip.Prefix{}, errPrefixHost
	}
	if prefix.Addr().Is4In6() {
		if prefix.Bits() < 96 {
			return netip.Prefix{}, errPrefixWide
		}
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix, nil
}

// IPSet is a set of IP addresses. It is immutable, and safe for concurrent use.
// The zero set and nil hold nothing.
type IPSet struct {
	ranges []ipRange // sorted, apart from each other
}

// ipRange holds the addresses from first to last, both included.
type ipRange struct{ first, last netip.Addr }

// NewIPSet makes the union of prefixes as ParsePrefix returns them.
func NewIPSet(prefixes []netip.Prefix) *IPSet {
	ranges := make([]ipRange, 0, len(prefixes))
	for _, p := range prefixes {
		ranges = append(ranges, ipRange{p.Addr(), lastOf(p)})
	}
	slices.SortFunc(ranges, func(a, b ipRange) int {
		return cmp.Or(a.first.Compare(b.first), b.last.Compare(a.last))
	})
	// Prefixes are apart or one holds the other, and the wider one comes first.
	apart := ranges[:0]
	for _, r := range ranges {
		if n := len(apart); n == 0 || apart[n-1].last.Less(r.first) {
			apart = append(apart, r)
		}
	}
	return &IPSet{ranges: slices.Clip(apart)}
}

func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Addr().AsSlice()
	for i := p.Bits(); i < len(bytes)*8; i++ {
		bytes[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// Contains reports whether the set holds an address. IPv4 in IPv6 counts as
// IPv4. An invalid address and one with a zone are in no set.
func (s *IPSet) Contains(addr netip.Addr) bool {
	if s == nil || addr.Zone() != "" {
		return false
	}
	addr = addr.Unmap()
	at, exact := slices.BinarySearchFunc(s.ranges, addr, func(r ipRange, a netip.Addr) int { return r.first.Compare(a) })
	if exact {
		return true
	}
	// IPv4 sorts before IPv6, so a range never holds an address of the other kind.
	return at > 0 && addr.Compare(s.ranges[at-1].last) <= 0
}

// Len is the number of separate ranges.
func (s *IPSet) Len() int {
	if s == nil {
		return 0
	}
	return len(s.ranges)
}
