package phone

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Check says how closely a number is looked at.
type Check string

const (
	// CheckValid demands that the number lies in a range that is in use. It is
	// the default.
	CheckValid Check = "valid"

	// CheckPossible demands only a country calling code that exists and a
	// length that its numbers have. Numbers that can be dialled only inside
	// their area are refused here too, as they have no E.164 form.
	CheckPossible Check = "possible"
)

// nonGeographic is the region of numbers that belong to no country, such as
// +800 freephone.
const nonGeographic = "001"

// Policy says which numbers may be looked up.
type Policy struct {
	// Check is "valid" (default) or "possible".
	Check Check `json:"check,omitempty"`

	// Regions are the allowed ISO 3166-1 alpha-2 regions, in upper case, and
	// "001" for numbers that belong to no country. Empty (default) allows all.
	//
	// Regions that share a calling code, such as US and CA, are told apart.
	// Under check "possible" they sometimes cannot be: such a number is
	// accepted if its calling code is the one of an allowed region.
	Regions []string `json:"regions,omitempty"`

	// Types are the allowed types of numbers, in the words of Types. Empty
	// (default) allows all.
	//
	// Where mobile and fixed-line numbers cannot be told apart, as in the US, a
	// number is of type "fixed_line_or_mobile". It is accepted wherever
	// "mobile" or "fixed_line" is. "unknown" is the type of numbers that are
	// possible but not valid, and so needs check "possible".
	Types []string `json:"types,omitempty"`

	// DefaultRegion is the region of numbers in national form for which the
	// request names none. Empty (default) refuses them.
	DefaultRegion string `json:"default_region,omitempty"`
}

// Validate reports the first fault of the policy, with the words that are
// allowed in its place.
func (p Policy) Validate() error {
	switch p.Check {
	case "", CheckValid, CheckPossible:
	default:
		return fmt.Errorf("unknown check %q: use %q or %q", string(p.Check), CheckValid, CheckPossible)
	}
	if err := p.validateRegions(); err != nil {
		return err
	}
	_, err := p.kinds()
	return err
}

func (p Policy) validateRegions() error {
	for i, region := range p.Regions {
		if region != nonGeographic && !isRegion(region) {
			return unknownRegion(region)
		}
		if slices.Contains(p.Regions[:i], region) {
			return fmt.Errorf("region %q is listed twice", region)
		}
	}
	if p.DefaultRegion == "" {
		return nil
	}
	if !isRegion(p.DefaultRegion) {
		return fmt.Errorf("default region: %w", unknownRegion(p.DefaultRegion))
	}
	if len(p.Regions) > 0 && !p.codes()[phonenumbers.GetCountryCodeForRegion(p.DefaultRegion)] {
		return fmt.Errorf("default region %q shares no calling code with the allowed regions, so its numbers would all be refused: add it to the regions or choose one of them", p.DefaultRegion)
	}
	return nil
}

// kinds are the allowed types as a set.
func (p Policy) kinds() (kindSet, error) {
	if len(p.Types) == 0 {
		return everyKind, nil
	}
	var set kindSet
	for _, word := range p.Types {
		i := slices.Index(kindWords[:], word)
		if i < 0 {
			return 0, fmt.Errorf("unknown type %q: use %s", word, strings.Join(kindWords[:], ", "))
		}
		k := kind(i) // #nosec G115 -- an index of kindWords
		if set.has(k) {
			return 0, fmt.Errorf("type %q is listed twice", word)
		}
		if k == unknown && p.Check != CheckPossible {
			return 0, errors.New(`type "unknown" needs check "possible": a valid number always has a type`)
		}
		set |= 1 << k
	}
	if set.has(mobile) || set.has(fixedLine) {
		set |= 1 << fixedLineOrMobile
	}
	return set, nil
}

// codes are the calling codes of the allowed regions.
func (p Policy) codes() map[int]bool {
	codes := make(map[int]bool)
	for _, region := range p.Regions {
		if region != nonGeographic {
			codes[phonenumbers.GetCountryCodeForRegion(region)] = true
			continue
		}
		for code := range phonenumbers.GetSupportedCallingCodes() {
			if phonenumbers.GetRegionCodeForCountryCode(code) == nonGeographic {
				codes[code] = true
			}
		}
	}
	return codes
}

// OneCallingCode reports whether all allowed regions share one calling code, so
// that a number in national form can mean only one number.
func (p Policy) OneCallingCode() bool { return len(p.codes()) == 1 }

func isRegion(region string) bool { return phonenumbers.GetSupportedRegions()[region] }

func unknownRegion(region string) error {
	return fmt.Errorf("unknown region %q: use ISO 3166-1 alpha-2 codes such as US or GB, in upper case", region)
}

// Regions lists the regions that a policy may name, in order.
func Regions() []string {
	regions := []string{nonGeographic}
	for region := range phonenumbers.GetSupportedRegions() {
		regions = append(regions, region)
	}
	slices.Sort(regions)
	return regions
}
