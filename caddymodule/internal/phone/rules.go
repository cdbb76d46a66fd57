package phone

import (
	"fmt"

	"github.com/nyaruka/phonenumbers"
)

// The expressions of a region in its automaton, and the order in which the
// library tries the types. The first that matches is the type of the number.
const (
	ruleGeneral = iota
	rulePremiumRate
	ruleTollFree
	ruleSharedCost
	ruleVoIP
	rulePersonalNumber
	rulePager
	ruleUAN
	ruleVoicemail
	ruleFixedLine
	ruleMobile
	ruleCount

	// ruleLeading matches the numbers of a region that is told from others of
	// its calling code by leading digits. It says nothing about a type.
	ruleLeading = ruleCount
)

// specialKinds are the types that are neither fixed line nor mobile.
var specialKinds = [...]struct {
	rule int
	kind kind
}{
	{rulePremiumRate, premiumRate},
	{ruleTollFree, tollFree},
	{ruleSharedCost, sharedCost},
	{ruleVoIP, voip},
	{rulePersonalNumber, personalNumber},
	{rulePager, pager},
	{ruleUAN, uan},
	{ruleVoicemail, voicemail},
}

// rules says which national numbers a region has, and of which type.
type rules struct {
	region     string
	automaton  *automaton
	byLength   [maxNational + 1]uint16 // byLength[n] are the expressions that a number of n digits may match
	hasLeading bool

	// samePattern: mobile and fixed-line numbers look alike.
	samePattern bool
}

// newRules compiles the metadata of a region.
func newRules(meta *phonenumbers.PhoneMetadata) (*rules, error) {
	descs := [ruleCount]*phonenumbers.PhoneNumberDesc{
		ruleGeneral:        meta.GetGeneralDesc(),
		rulePremiumRate:    meta.GetPremiumRate(),
		ruleTollFree:       meta.GetTollFree(),
		ruleSharedCost:     meta.GetSharedCost(),
		ruleVoIP:           meta.GetVoip(),
		rulePersonalNumber: meta.GetPersonalNumber(),
		rulePager:          meta.GetPager(),
		ruleUAN:            meta.GetUan(),
		ruleVoicemail:      meta.GetVoicemail(),
		ruleFixedLine:      meta.GetFixedLine(),
		ruleMobile:         meta.GetMobile(),
	}
	r := &rules{
		region:      meta.GetId(),
		hasLeading:  meta.GetLeadingDigits() != "",
		samePattern: meta.GetSameMobileAndFixedLinePattern(),
	}
	var patterns [ruleCount + 1]string
	for i, desc := range descs {
		patterns[i] = desc.GetNationalNumberPattern()
		r.allowLengths(1<<i, desc.GetPossibleLength())
	}
	if r.hasLeading {
		patterns[ruleLeading] = "(?:" + meta.GetLeadingDigits() + ")[0-9]*"
		r.allowLengths(1<<ruleLeading, nil)
	}
	var err error
	if r.automaton, err = compile(false, patterns[:]...); err != nil {
		return nil, fmt.Errorf("compiling the numbers of region %s: %w", r.region, err)
	}
	return r, nil
}

// allowLengths notes the lengths of an expression's numbers; none means all.
func (r *rules) allowLengths(bit uint16, lengths []int32) {
	for _, n := range lengths {
		if n >= 0 && n <= maxNational { // -1 says that there are no such numbers
			r.byLength[n] |= bit
		}
	}
	if len(lengths) > 0 {
		return
	}
	for n := range r.byLength {
		r.byLength[n] |= bit
	}
}

// match is the set of expressions that a national number of at most maxNational
// digits satisfies.
func (r *rules) match(national string) uint16 {
	return r.automaton.match(national) & r.byLength[len(national)]
}

// kind is the type of a number that matched a set of expressions.
func (r *rules) kind(matched uint16) kind {
	has := func(rule int) bool { return matched&(1<<rule) != 0 }
	if !has(ruleGeneral) {
		return unknown
	}
	for _, special := range specialKinds {
		if has(special.rule) {
			return special.kind
		}
	}
	switch {
	case has(ruleFixedLine) && (r.samePattern || has(ruleMobile)):
		return fixedLineOrMobile
	case has(ruleFixedLine):
		return fixedLine
	case has(ruleMobile) && !r.samePattern:
		return mobile
	}
	return unknown
}
