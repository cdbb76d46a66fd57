package phone

import "github.com/nyaruka/phonenumbers"

// reading is a number that is known by its calling code and national number,
// but not judged yet.
type reading struct {
	plan *plan
	e164 string
}

func (r reading) national() string { return r.e164[len(r.plan.prefix):] }

// readInternational reads digits that start with a country calling code.
func (p *Parser) readInternational(w *written) (reading, error) {
	text := "+" + string(w.digits())
	code := p.codeOf(text[1:])
	if code == 0 {
		return reading{}, ErrNotPossible
	}
	plan := p.plans[code]
	if plan == nil {
		return reading{}, ErrRegion
	}
	if r := (reading{plan, text}); plan.isPlain(r.national()) {
		return r, nil
	}
	return p.readByLibrary(text, "")
}

// readNational reads digits as they are dialled in a region.
func (p *Parser) readNational(w *written, h *home) (reading, error) {
	plan := p.plans[h.code]
	r := reading{plan, plan.prefix + string(w.digits())}
	if digits := r.national(); hasNationalLength(digits) && !h.prefixes.matchesPrefix(digits) {
		return r, nil
	}
	return p.readByLibrary(r.national(), h.region)
}

// readByLibrary reads numbers with prefixes: national, carrier and international
// ones, each with the region's own rules for what is left of the number.
func (p *Parser) readByLibrary(text, region string) (reading, error) {
	first, err := p.parse(text, region)
	if err != nil {
		return reading{}, err
	}
	if first.plan.isPlain(first.national()) {
		return first, nil
	}
	// What is left may look as if it had a prefix once more. The canonical form
	// must mean the same number to everybody who reads it, the provider first.
	second, err := p.parse(first.e164, "")
	if err != nil || second.e164 != first.e164 {
		return reading{}, ErrNotPossible
	}
	return first, nil
}

// parse is one run of the library. Its errors are not passed on: all of them
// mean that no number looks like this.
func (p *Parser) parse(text, region string) (reading, error) {
	number, err := phonenumbers.Parse(text, region)
	if err != nil {
		return reading{}, ErrNotPossible
	}
	code := int(number.GetCountryCode())
	if code <= 0 || code > maxCode || !p.known[code] {
		return reading{}, ErrNotPossible
	}
	plan := p.plans[code]
	if plan == nil {
		return reading{}, ErrRegion
	}
	national := phonenumbers.GetNationalSignificantNumber(number)
	if !hasNationalLength(national) {
		return reading{}, ErrNotPossible
	}
	return reading{plan, plan.prefix + national}, nil
}

// codeOf is the country calling code at the start of an international number; 0
// if no such code exists. No code is the beginning of another.
func (p *Parser) codeOf(digits string) int {
	code := 0
	for i := 0; i < len(digits) && i < 3; i++ {
		code = 10*code + int(digits[i]-'0')
		if code == 0 || p.known[code] {
			return code
		}
	}
	return 0
}
