package intake

import (
	"slices"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// param is a parameter as the route allows it.
type param struct {
	*provider.Param
	refused bool     // opt-in, and not allowed by the route
	only    []string // the values that the route allows; nil for all
	set     []string // the canonical values that the route sets; nil for none
}

// max is how many values one request may hold.
func (p *param) max() int { return max(p.Max, 1) }

// quoted reports whether a JSON body holds the values as strings.
func (p *param) quoted() bool {
	return p.Kind != provider.KindBoolean && p.Kind != provider.KindInteger
}

// open reports whether the caller may send the parameter at all.
func (p *param) open() error {
	switch {
	case p.set != nil:
		return invalid("the parameter " + p.Name + " is set by this route")
	case p.refused:
		return forbidden("the parameter " + p.Name + " is not enabled on this route")
	}
	return nil
}

// admit checks a value that a caller sent and returns its canonical text.
// isText is false for JSON numbers and booleans.
func (p *param) admit(text string, isText bool) (string, error) {
	if err := p.open(); err != nil {
		return "", err
	}
	canonical, err := check(p.Param, text, isText)
	if err != nil {
		return "", err
	}
	if p.only != nil && !slices.Contains(p.only, canonical) {
		return "", forbidden("this value of the parameter " + p.Name + " is not enabled on this route")
	}
	return canonical, nil
}

// tooMany says how many values the parameter takes.
func (p *param) tooMany() error {
	if p.max() == 1 {
		return invalid("the parameter " + p.Name + " was sent twice")
	}
	return invalid("the parameter " + p.Name + " has too many values")
}

func (p *param) repeated() error {
	return invalid("the parameter " + p.Name + " has a value twice")
}

func forbidden(detail string) error {
	return &Error{Reason: provider.ReasonForbidden, Detail: detail}
}
