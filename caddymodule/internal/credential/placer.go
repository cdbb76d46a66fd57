package credential

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Placer sets a provider's credential on requests, in all the places that the
// provider wants it. It is safe for concurrent use.
type Placer struct {
	slots  []slot
	fields int // that all slots take together
	life   *lifetime
}

// PlacerOptions are what placing needs beyond the credential.
type PlacerOptions struct {
	// Client fetches the tokens of InOAuth2. Without one they can be checked, but
	// not placed. It follows no redirect here, whatever it does elsewhere.
	Client *http.Client

	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// NewPlacer makes a placer; Close ends it. An error wraps ErrPlacement.
func NewPlacer(placements []provider.Placement, options PlacerOptions) (*Placer, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	p := &Placer{life: newLifetime()}
	for i, placement := range placements {
		if placement.In == provider.InTSA && i < len(placements)-1 {
			return nil, fmt.Errorf("a signature must be placed last, over what the others placed: %w", ErrPlacement)
		}
		s, err := newSlot(placement, options, p.life)
		if err != nil {
			return nil, err
		}
		p.slots = append(p.slots, s)
		p.fields += placement.Fields()
	}
	return p, nil
}

// Place sets v on an outbound request: each placement takes its fields in turn.
// The request must be a private clone, complete but for the credential: it holds
// the secret afterwards. body is its body, nil for none, which a signature
// covers. Whatever stood in the place of a credential is removed, in any spelling
// that an upstream might take for the same name.
//
// Where a placement shows a token instead of the fields, Place waits for it no
// longer than ctx lasts. shown is what to search the answer for: v and the
// tokens.
//
// An error leaves a request that must not be sent. It wraps ErrPlacement,
// ErrNotReady (no value), ErrEmpty (wiped), ErrInvalid (a key or a token of the
// wrong form), ErrRefused (the token endpoint does not accept the credential),
// ErrUnavailable (the token endpoint cannot be asked) or the error of ctx; a
// closed placer makes no more tokens.
func (p *Placer) Place(ctx context.Context, req *http.Request, body []byte, v *Value) (shown *Value, err error) {
	if err := p.count(v); err != nil {
		return nil, err
	}
	shown = v
	rest := v.Fields
	for i := range p.slots {
		s := &p.slots[i]
		n := s.placement.Fields()
		if s.tokens == nil {
			err = s.place(req, body, rest[:n])
		} else {
			shown, err = s.placeToken(ctx, req, shown, rest[:n])
		}
		if err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return shown, nil
}

// Check reports whether requests can carry v, as far as that can be told without
// asking anybody: no token is fetched. Its errors are those of Place.
func (p *Placer) Check(v *Value) error {
	if err := p.count(v); err != nil {
		return err
	}
	rest := v.Fields
	for i := range p.slots {
		n := p.slots[i].placement.Fields()
		if err := p.slots[i].check(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// Refused takes note that the provider refused the credential of a request. shown
// is what Place returned for it; nil stands for a request that was not made.
//
// The token that was shown is dropped, so that the next Place makes another.
// again is true if that may help: the token was an old one, and the same value
// deserves one more try. It is false if the request had waited for that token,
// if the token was made less than a second ago (it is kept then: another one
// would fare no better), and where no token was shown. The value itself is to
// blame then.
func (p *Placer) Refused(shown *Value) (again bool) {
	if shown == nil {
		return false
	}
	for _, use := range shown.tokens {
		if use.dropped() {
			again = true
		}
	}
	return again
}

// Close ends what runs in the background and waits for it. Nil is closed already.
func (p *Placer) Close() {
	if p != nil {
		p.life.close()
	}
}

func (p *Placer) count(v *Value) error {
	switch {
	case v == nil:
		return ErrNotReady
	case len(v.Fields) != p.fields:
		return fmt.Errorf("the value has %d field(s), the provider takes %d: %w", len(v.Fields), p.fields, ErrPlacement)
	}
	return nil
}

// slot is one placement with what it needs at work.
type slot struct {
	placement provider.Placement
	tokens    *tokenCache // nil where the fields themselves are placed
	now       func() time.Time
}

func newSlot(p provider.Placement, options PlacerOptions, life *lifetime) (slot, error) {
	s := slot{placement: p, now: options.Now}
	switch p.In {
	case provider.InHeader, provider.InQuery, provider.InPath, provider.InBasic, provider.InTSA:
	case provider.InJWT:
		s.tokens = &tokenCache{now: options.Now, life: life, minter: jwtMinter(options.Now)}
	case provider.InOAuth2:
		minter, err := oauth2Minter(p.TokenURL, options)
		if err != nil {
			return slot{}, err
		}
		s.tokens = &tokenCache{now: options.Now, life: life, minter: minter}
	default:
		return slot{}, fmt.Errorf("placing in %q is not supported: %w", p.In, ErrPlacement)
	}
	return s, nil
}

// place sets the fields themselves, or a signature made with them.
func (s *slot) place(req *http.Request, body []byte, fields []Field) error {
	switch s.placement.In {
	case provider.InHeader:
		return placeHeader(req, s.placement, fields[0])
	case provider.InQuery:
		return placeQuery(req.URL, s.placement.Name, fields[0])
	case provider.InPath:
		return placePath(req.URL, fields[0])
	case provider.InBasic:
		return placeBasic(req, fields[0], fields[1])
	default:
		return placeTSA(req, body, fields[0], fields[1], s.now())
	}
}

// placeToken sets a token that was made of the fields, and returns what is shown
// with it.
func (s *slot) placeToken(ctx context.Context, req *http.Request, shown *Value, fields []Field) (*Value, error) {
	use, err := s.tokens.token(ctx, shown, fields)
	if err != nil {
		return nil, err
	}
	text, err := revealLine(use.token.value.Fields[0])
	if err != nil {
		return nil, err
	}
	setHeader(req, "Authorization", "Bearer "+text)
	return shown.with(use), nil
}

// check tries the fields on a request that is never sent.
func (s *slot) check(fields []Field) error {
	if s.tokens != nil {
		_, err := s.tokens.minter(fields)
		return err
	}
	path := "/" + provider.KeySegment
	req := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path, RawPath: path}, Header: make(http.Header)}
	return s.place(req, nil, fields)
}
