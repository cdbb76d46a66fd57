package caller

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Spec describes a caller as a callers file and a secret do. A list that is
// absent sets no bound of its own, so the route's bounds hold; Release is the
// exception: its meaning is its owner's.
type Spec struct {
	// Name is the caller's name; ValidName says which are possible.
	Name string `json:"name,omitempty"`

	// Keys are the caller's keys, two at most. None means that the caller is
	// known by other means, or that its keys were revoked.
	Keys []Key `json:"keys"`

	// Tokens are what tokens call the caller, such as the claim "sub" does.
	Tokens []string `json:"tokens,omitempty"`

	// Certificates are names of client certificates, as ParseCertificateName
	// reads them.
	Certificates []string `json:"certificates,omitempty"`

	// Expires is when the caller is no longer served.
	Expires Expiry `json:"expires,omitzero"`

	// Tier is the name of a set of limits.
	Tier string `json:"tier,omitempty"`

	// Release holds the data classes and fields that the caller may see.
	Release []string `json:"release,omitempty"`

	// Limits are rates such as "100/m".
	Limits []string `json:"limits,omitempty"`

	// Providers and Operations are what the caller may use, by their names.
	Providers  []string `json:"providers,omitempty"`
	Operations []string `json:"operations,omitempty"`

	// Regions are those of the numbers that the caller may ask about, by their
	// ISO 3166-1 alpha-2 codes.
	Regions []string `json:"regions,omitempty"`

	// IPRanges are the addresses and prefixes from which the caller may call.
	IPRanges []string `json:"ip_ranges,omitempty"`
}

// What lists hold. Owners quote what they do not know, so that nothing that could
// be a secret may get so far.
var (
	regionPattern  = regexp.MustCompile(`^([A-Z]{2}|001)$`)
	releasePattern = regexp.MustCompile(`^([a-z_]{1,32}|/[^\x00-\x1f]{1,200})$`)
	limitPattern   = regexp.MustCompile(`^([a-z+]{1,64} )?[0-9]{1,10}/[0-9]{0,5}[a-z]{1,2}$`)
)

func anyText(string) bool { return true }

// check reports the fault of a spec, with the caller's name. Keys are checked by
// the directory; releases, limits and whether names exist, by their owners.
func (s *Spec) check() error {
	if err := checkName(s.Name); err != nil {
		return err
	}
	if s.Tier != "" && (!ValidName(s.Tier) || strings.HasPrefix(s.Tier, KeyPrefix)) {
		return fmt.Errorf("caller %q: the tier is no name", s.Name)
	}
	for _, list := range []struct {
		name   string
		values []string
		ok     func(string) bool
	}{
		{"providers", s.Providers, isToken},
		{"operations", s.Operations, isToken},
		{"tokens", s.Tokens, isSubject},
		{"certificates", s.Certificates, anyText},
		{"ip_ranges", s.IPRanges, anyText},
		{"release", s.Release, releasePattern.MatchString},
		{"limits", s.Limits, limitPattern.MatchString},
		{"regions", s.Regions, regionPattern.MatchString},
	} {
		if err := checkList(list.values, list.ok); err != nil {
			return fmt.Errorf("caller %q: %s: %w", s.Name, list.name, err)
		}
	}
	return nil
}

func isSubject(text string) bool { return text != "" && len(text) <= MaxSubject }

// checkList refuses an empty list too: it would be read as nothing allowed by
// one and as everything allowed by another.
func checkList(values []string, ok func(string) bool) error {
	if values != nil && len(values) == 0 {
		return errors.New("an empty list is ambiguous: leave it out for no bound")
	}
	seen := make(map[string]bool, len(values))
	for i, value := range values {
		switch {
		case strings.Contains(value, KeyPrefix):
			return fmt.Errorf("entry %d is a caller key: replace the key, as it has been written down", i+1)
		case !ok(value):
			return fmt.Errorf("entry %d is malformed", i+1)
		case seen[value]:
			return fmt.Errorf("entry %d is there twice", i+1)
		}
		seen[value] = true
	}
	return nil
}

// NewCaller makes the caller that a spec describes, with the value that its
// owner built for it. The error names the caller.
func NewCaller[T any](s Spec, value T) (Caller[T], error) {
	if err := s.check(); err != nil {
		return Caller[T]{}, err
	}
	ranges, err := s.ranges()
	if err != nil {
		return Caller[T]{}, fmt.Errorf("caller %q: ip_ranges: %w", s.Name, err)
	}
	certificates, err := ParseCertificateNames(s.Certificates)
	if err != nil {
		return Caller[T]{}, fmt.Errorf("caller %q: %w", s.Name, err)
	}
	return Caller[T]{
		Name: s.Name, Keys: slices.Clone(s.Keys), Keyless: true, Expires: s.Expires, Ranges: ranges, Value: value,
		Subjects: slices.Clone(s.Tokens), Certificates: certificates,
	}, nil
}

func (s *Spec) ranges() (*IPSet, error) {
	if s.IPRanges == nil {
		return nil, nil
	}
	prefixes := make([]netip.Prefix, 0, len(s.IPRanges))
	for i, text := range s.IPRanges {
		prefix, err := ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("entry %d %w", i+1, err)
		}
		prefixes = append(prefixes, prefix)
	}
	return NewIPSet(prefixes), nil
}
