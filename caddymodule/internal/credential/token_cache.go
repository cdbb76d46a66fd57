package credential

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// minTokenAge is how long a token is kept even if it is refused. The provider
	// that refuses all of them would otherwise get a new one with each request.
	minTokenAge = time.Second

	// mintPause is how long after a failure no token is asked for.
	mintPause = time.Second

	// mintTimeout bounds the making of a token.
	mintTimeout = 10 * time.Second

	// maxEntries is for the current value, the one before, and one that was just
	// fetched.
	maxEntries = 3
)

// tokenCache holds the tokens of the source values in use.
type tokenCache struct {
	now    func() time.Time
	life   *lifetime
	minter minter

	mu      sync.Mutex
	entries []*tokenEntry // the newest first
}

// token returns a good token of v, whose fields it is made of.
func (c *tokenCache) token(ctx context.Context, v *Value, fields []Field) (tokenUse, error) {
	e, err := c.entry(v, fields)
	if err != nil {
		return tokenUse{}, err
	}
	return e.token(ctx)
}

func (c *tokenCache) entry(v *Value, fields []Field) (*tokenEntry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		if e.source == v || e.source.Equal(v) {
			return e, nil
		}
	}
	mint, err := c.minter(fields)
	if err != nil {
		return nil, err
	}
	e := &tokenEntry{now: c.now, life: c.life, source: v, mint: mint}
	c.entries = slices.Insert(c.entries, 0, e)
	if len(c.entries) > maxEntries {
		c.entries = slices.Delete(c.entries, maxEntries, len(c.entries))
	}
	return e, nil
}

// tokenEntry is the current token of one source value.
type tokenEntry struct {
	now    func() time.Time
	life   *lifetime
	source *Value
	mint   mint
	flight flight

	mu       sync.Mutex
	current  *token // nil before the first and after a refusal
	failure  error  // of the last mint; nil after a good one
	failedAt time.Time
}

// token returns the current token while it is good; towards its end the next one
// is made in the background. Where there is none, it waits for one, together with
// whoever else wants it.
func (e *tokenEntry) token(ctx context.Context) (tokenUse, error) {
	current, renew := e.look()
	if current != nil && !renew {
		return tokenUse{token: current, entry: e}, nil
	}
	run, _ := e.flight.join(e.life, e.due, e.renew)
	if current != nil {
		return tokenUse{token: current, entry: e}, nil
	}
	if run == nil { // somebody else had one made meanwhile, or in vain
		return e.outcome(false)
	}
	if err := run.wait(ctx); err != nil {
		return tokenUse{}, err
	}
	return e.outcome(true)
}

// look returns the current token if it is good, and whether it is to be renewed.
func (e *tokenEntry) look() (current *token, renew bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	if e.current == nil || !now.Before(e.current.expires) {
		return nil, true
	}
	return e.current, !now.Before(e.current.renew)
}

// due reports whether to make a token now.
func (e *tokenEntry) due() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	if e.failure != nil && now.Sub(e.failedAt) < mintPause {
		return false
	}
	return e.current == nil || !now.Before(e.current.renew)
}

// renew makes a token. The flight makes sure that it never runs twice at a time.
func (e *tokenEntry) renew(life context.Context) error {
	ctx, cancel := context.WithTimeout(life, mintTimeout)
	defer cancel()
	made, err := e.mint(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failure = err
	if err != nil {
		e.failedAt = e.now()
		return err
	}
	e.current = made
	return nil
}

// outcome returns what the last making of a token led to.
func (e *tokenEntry) outcome(fresh bool) (tokenUse, error) {
	current, _ := e.look()
	if current != nil {
		return tokenUse{token: current, fresh: fresh, entry: e}, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure != nil {
		return tokenUse{}, e.failure
	}
	return tokenUse{}, fmt.Errorf("the token was lost as soon as it was made: %w", ErrUnavailable)
}

// drop lets go of a token, unless it is younger than minTokenAge, and reports
// whether it was old enough.
func (e *tokenEntry) drop(refused *token) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.now().Sub(refused.minted) < minTokenAge {
		return false
	}
	if e.current == refused {
		e.current = nil
	}
	return true
}
