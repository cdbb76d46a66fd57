package caller

import (
	"errors"
	"net/netip"
)

// The reasons for which an address is refused. The texts are fixed and safe to
// show to the caller.
var (
	// ErrIPUnknown: the address is not known, or is bound to one link.
	ErrIPUnknown = errors.New("the client address cannot be judged")

	// ErrIPDenied: the deny list holds the address.
	ErrIPDenied = errors.New("the client address is denied")

	// ErrIPNotAllowed: there is an allow list and it does not hold the address.
	ErrIPNotAllowed = errors.New("the client address is not allowed")
)

// IPAccess says which addresses may call. The zero value lets everybody in.
type IPAccess struct {
	// Allow, if not nil, is who may call; an empty list lets nobody in.
	Allow *IPList

	// Deny is who may not, even if Allow holds the address.
	Deny *IPList
}

// Check returns nil for an address that may call. Where there is a list, an
// invalid address and one with a zone are refused: no list can name them.
func (a IPAccess) Check(addr netip.Addr) error {
	switch {
	case a.Allow == nil && a.Deny == nil:
		return nil
	case !addr.IsValid() || addr.Zone() != "":
		return ErrIPUnknown
	case a.Deny.Contains(addr):
		return ErrIPDenied
	case a.Allow != nil && !a.Allow.Contains(addr):
		return ErrIPNotAllowed
	default:
		return nil
	}
}
