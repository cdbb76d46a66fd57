package phone

import (
	"fmt"
	"regexp"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// The least and the greatest count of digits of a national significant number.
const (
	minNational = phonenumbers.MIN_LENGTH_FOR_NSN
	maxNational = phonenumbers.MAX_LENGTH_FOR_NSN
)

// plan describes the numbers of one country calling code.
type plan struct {
	code     int
	prefix   string // "+" and the calling code
	possible [maxNational + 1]bool
	rules    []*rules // of the regions that share the code, in the library's order

	// trunk matches numbers that may still have a national prefix in front, as
	// in +44 (0)20. What to do with it is left to the library.
	trunk *automaton
}

// newPlan compiles a plan from the metadata of its regions, the main one first.
func newPlan(code int, regions []*phonenumbers.PhoneMetadata) (*plan, error) {
	p := &plan{code: code, prefix: fmt.Sprintf("+%d", code)}
	main := regions[0]
	p.setPossible(main.GetGeneralDesc().GetPossibleLength())
	var err error
	if p.trunk, err = compileTrunk(main); err != nil {
		return nil, err
	}
	for _, meta := range regions {
		r, err := newRules(meta)
		if err != nil {
			return nil, err
		}
		p.rules = append(p.rules, r)
	}
	return p, nil
}

// setPossible notes the lengths of the plan's numbers. Those that can be dialled
// only inside their area are listed apart, and so stay impossible.
func (p *plan) setPossible(lengths []int32) {
	for _, n := range lengths {
		if n >= minNational && n <= maxNational {
			p.possible[n] = true
		}
	}
}

// isPlain reports whether digits are a national number as they stand: no part of
// them can be a prefix.
func (p *plan) isPlain(digits string) bool {
	return hasNationalLength(digits) && !p.trunk.matchesPrefix(digits)
}

func hasNationalLength(digits string) bool {
	return len(digits) >= minNational && len(digits) <= maxNational
}

// classify tells the region and the type of a national number. The region is
// empty where none of several has such a number; a known region with an unknown
// type means that the number is not valid.
func (p *plan) classify(national string) (region string, k kind) {
	if len(p.rules) == 1 {
		r := p.rules[0]
		return r.region, r.kind(r.match(national))
	}
	for _, r := range p.rules {
		matched := r.match(national)
		k := r.kind(matched)
		if r.hasLeading && matched&(1<<ruleLeading) != 0 || !r.hasLeading && k != unknown {
			return r.region, k
		}
	}
	return "", unknown
}

// home says how numbers in national form are read in a region.
type home struct {
	region string
	code   int

	// prefixes matches numbers that may start with the region's calling code,
	// its international or its national prefix. The library reads those.
	prefixes *automaton

	warm func() // makes the library compile its expressions for the region
}

func newHome(meta *phonenumbers.PhoneMetadata) (*home, error) {
	h := &home{region: meta.GetId(), code: int(meta.GetCountryCode())}
	trunk, err := trunkPattern(meta)
	if err != nil {
		return nil, err
	}
	h.prefixes, err = compile(true, fmt.Sprint(h.code), meta.GetInternationalPrefix(), trunk)
	if err != nil {
		return nil, fmt.Errorf("compiling the prefixes of region %s: %w", h.region, err)
	}
	sample := fmt.Sprint(h.code) + meta.GetFixedLine().GetExampleNumber()
	h.warm = sync.OnceFunc(func() { _, _ = phonenumbers.Parse(sample, h.region) })
	return h, nil
}

func compileTrunk(meta *phonenumbers.PhoneMetadata) (*automaton, error) {
	pattern, err := trunkPattern(meta)
	if err != nil {
		return nil, err
	}
	a, err := compile(true, pattern)
	if err != nil {
		return nil, fmt.Errorf("compiling the national prefix of region %s: %w", meta.GetId(), err)
	}
	return a, nil
}

// trunkPattern is the expression for a region's national prefix; empty if it has
// none. Some such expressions match the empty text as well. That is harmless as
// long as no transformation follows from it, which is what is checked here.
func trunkPattern(meta *phonenumbers.PhoneMetadata) (string, error) {
	pattern := meta.GetNationalPrefixForParsing()
	if pattern == "" {
		return "", nil
	}
	expression, err := regexp.Compile("^(?:" + pattern + ")")
	if err != nil {
		return "", fmt.Errorf("compiling the national prefix of region %s: %w", meta.GetId(), err)
	}
	groups := expression.FindStringSubmatchIndex("")
	if groups != nil && meta.GetNationalPrefixTransformRule() != "" && groups[len(groups)-2] >= 0 {
		return "[0-9]", nil // leave every number to the library
	}
	return pattern, nil
}
