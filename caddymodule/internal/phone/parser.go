package phone

import (
	"fmt"

	"github.com/nyaruka/phonenumbers"
)

// Parser reads numbers under one policy. It is immutable and safe for concurrent
// use.
type Parser struct {
	onlyPossible bool
	types        kindSet
	regions      map[string]bool // nil: all
	fallback     *home           // of the default region; nil: none

	known [maxCode + 1]bool  // country calling codes that exist
	plans [maxCode + 1]*plan // of allowed codes
	homes map[[2]byte]*home  // of all regions; nil where the code is not allowed
}

// NewParser checks the policy and prepares everything that its numbers need, so
// that no request waits for it. That takes some milliseconds a calling code (for
// +1, with its 25 regions, about 20) and some 0.1 to 0.2 s for all of them. Later
// parsers of the process share the result and take next to nothing.
func NewParser(policy Policy) (*Parser, error) {
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("checking the number policy: %w", err)
	}
	p := &Parser{onlyPossible: policy.Check == CheckPossible}
	p.types, _ = policy.kinds() // checked by Validate
	if len(policy.Regions) > 0 {
		p.regions = make(map[string]bool, len(policy.Regions))
		for _, region := range policy.Regions {
			p.regions[region] = true
		}
	}
	if err := p.load(world(), policy.codes()); err != nil {
		return nil, fmt.Errorf("preparing the number policy: %w", err)
	}
	p.fallback = p.homes[regionKey(policy.DefaultRegion)]
	for region := range p.regions {
		if h := p.homes[regionKey(region)]; h != nil {
			h.warm()
		}
	}
	if p.fallback != nil {
		p.fallback.warm()
	}
	return p, nil
}

// load takes from the atlas what belongs to the allowed calling codes.
func (p *Parser) load(a *atlas, codes map[int]bool) error {
	for code, plan := range a.plans {
		if plan == nil {
			continue
		}
		p.known[code] = true
		if p.regions != nil && !codes[code] {
			continue
		}
		var err error
		if p.plans[code], err = plan(); err != nil {
			return err
		}
	}
	p.homes = make(map[[2]byte]*home, len(a.homes))
	for key, home := range a.homes {
		p.homes[key] = nil
		if p.regions != nil && !codes[phonenumbers.GetCountryCodeForRegion(string(key[:]))] {
			continue
		}
		var err error
		if p.homes[key], err = home(); err != nil {
			return err
		}
	}
	return nil
}

// Parse reads one number. Its errors are the sentinels of this package.
//
// A number is international if it has a "+". Without one, it is read in the
// request's region; failing that as international if the input says so; failing
// that in the policy's default region.
func (p *Parser) Parse(in Input) (Number, error) {
	var w written
	if err := w.scan(in.Raw); err != nil {
		return Number{}, err
	}
	home, err := p.home(in, w.plus)
	if err != nil {
		return Number{}, err
	}
	var r reading
	if home == nil {
		r, err = p.readInternational(&w)
	} else {
		r, err = p.readNational(&w, home)
	}
	if err != nil {
		return Number{}, err
	}
	return p.admit(r)
}

// home is the region in which the number is read; nil for an international one.
func (p *Parser) home(in Input, plus bool) (*home, error) {
	var named *home
	if in.Region != "" {
		var exists bool
		if named, exists = p.homes[regionKey(in.Region)]; !exists {
			return nil, ErrNeedsRegion
		}
	}
	switch {
	case plus:
		return nil, nil
	case in.Region != "" && named == nil:
		return nil, ErrRegion
	case in.Region != "":
		return named, nil
	case in.BareInternational:
		return nil, nil
	case p.fallback == nil:
		return nil, ErrNeedsRegion
	}
	return p.fallback, nil
}

// admit checks what was read against the policy.
func (p *Parser) admit(r reading) (Number, error) {
	national := r.national()
	region, k := r.plan.classify(national)
	switch {
	case k == unknown && !r.plan.possible[len(national)]:
		return Number{}, ErrNotPossible
	case p.regions != nil && region != "" && !p.regions[region]:
		return Number{}, ErrRegion
	case k == unknown && !p.onlyPossible:
		return Number{}, ErrNotValid
	case !p.types.has(k):
		return Number{}, ErrType
	}
	return Number{
		e164:     r.e164,
		region:   region,
		national: uint8(len(r.plan.prefix)), // #nosec G115 -- at most 4
		code:     uint16(r.plan.code),       // #nosec G115 -- at most maxCode
		kind:     k,
	}, nil
}
