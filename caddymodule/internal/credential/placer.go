package credential

import (
	"context"
	"fmt"
	"net/http"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Placer sets a provider's credential on requests, in all the places that the
// provider wants it. It is safe for concurrent use.
type Placer struct {
	placements []provider.Placement
}

// NewPlacer makes a placer. The placements must be valid ones.
func NewPlacer(placements []provider.Placement) (*Placer, error) {
	for _, p := range placements {
		switch p.In {
		case provider.InHeader, provider.InQuery, provider.InBasic:
		default:
			return nil, fmt.Errorf("placing in %q is not supported: %w", p.In, ErrPlacement)
		}
	}
	return &Placer{placements: placements}, nil
}

// Place sets v on a request, as the function Place does for each placement in
// turn. body is the request's body. What it returns is what the provider gets
// to see, to be searched for in its answer.
func (p *Placer) Place(_ context.Context, req *http.Request, _ []byte, v *Value) (shown *Value, err error) {
	if v == nil {
		return nil, ErrNotReady
	}
	rest := v.Fields
	for _, placement := range p.placements {
		n := placement.Fields()
		if len(rest) < n {
			return nil, fmt.Errorf("the value has %d fields, too few: %w", len(v.Fields), ErrPlacement)
		}
		if err := Place(req, placement, &Value{Fields: rest[:n]}); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("the value has %d fields, too many: %w", len(v.Fields), ErrPlacement)
	}
	return v, nil
}
