package jwt

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ringward/ringward/caddymodule/internal/caller"
)

// Policy is what a route asks of a token. It must not be changed while in use.
type Policy struct {
	// Audiences: the claim "aud" must be or hold one of them. At least one.
	Audiences []string

	// Scopes must all be among the token's.
	Scopes []string

	// Claims must each be, or as an array hold, one of the values.
	Claims map[string][]string

	// Type, if set, is the type that the header must have, such as "at+jwt" for
	// access tokens of RFC 9068. Default: that, "JWT" or none.
	Type string

	// SubjectClaim is the claim that says who is calling. Default: "sub".
	SubjectClaim string

	// TierClaim, if set, is the claim that holds the caller's tier.
	TierClaim string
}

// Check reports the fault of a policy.
func (p *Policy) Check() error {
	if len(p.Audiences) == 0 || slices.Contains(p.Audiences, "") {
		return errors.New("an audience is required: without one, a token for any other service would be good here")
	}
	for name, values := range p.Claims {
		if len(values) == 0 {
			return fmt.Errorf("the required claim %q has no value", name)
		}
	}
	return nil
}

// admit checks a good token against the policy.
func (p *Policy) admit(c *claims) (subject string, err error) {
	if !p.isType(c.kind) {
		return "", ErrType
	}
	if !overlap(c.texts("aud"), p.Audiences) {
		return "", ErrAudience
	}
	for claim, values := range p.Claims {
		if !c.hasOneOf(claim, values) {
			return "", ErrClaim
		}
	}
	if subject, err = p.subject(c); err != nil {
		return "", err
	}
	scopes := c.scopes()
	for _, scope := range p.Scopes {
		if !slices.Contains(scopes, scope) {
			return "", ErrScope
		}
	}
	return subject, nil
}

func (p *Policy) isType(kind string) bool {
	if p.Type != "" {
		return typeName(kind) == typeName(p.Type)
	}
	return slices.Contains(tokenTypes, typeName(kind))
}

func (p *Policy) subject(c *claims) (string, error) {
	claim := p.SubjectClaim
	if claim == "" {
		claim = "sub"
	}
	subject := c.text(claim)
	if subject == "" || len(subject) > caller.MaxSubject {
		return "", ErrSubject
	}
	return subject, nil
}

// tier refuses a claim that is there and names nothing: it would be no bound.
func (p *Policy) tier(c *claims) (string, error) {
	value, there := c.all[p.TierClaim]
	if p.TierClaim == "" || !there {
		return "", nil
	}
	tier, _ := value.(string)
	if tier == "" {
		return "", ErrTier
	}
	return tier, nil
}
