package caddymodule

import (
	"context"
	"errors"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// ConcurrencyConfig bounds how many lookups are under way at a time.
type ConcurrencyConfig struct {
	// Max is how many may be under way.
	Max int `json:"max"`

	// Queue is how many more may wait. Default: none.
	Queue int `json:"queue,omitempty"`

	// Wait is how long each of them may. Default: 1s.
	Wait caddy.Duration `json:"wait,omitempty"`
}

const (
	defaultQueueWait = caddy.Duration(time.Second)
	maxQueueWait     = caddy.Duration(30 * time.Second)
)

func (c *ConcurrencyConfig) check() error {
	if c.Max < 1 || c.Queue < 0 || c.Wait < 0 || c.Wait > maxQueueWait {
		return errors.New("concurrency needs a maximum of 1 or more, and a wait of 30s or less")
	}
	if c.Queue == 0 && c.Wait > 0 {
		return errors.New("concurrency has a wait, but no queue to wait in: add queue <n>")
	}
	return nil
}

// gates returns the gates of what is counted; nil, which lets everybody through,
// without a config. A reload that does not change them keeps them, with who is
// inside.
func (c *ConcurrencyConfig) gates(l *leases, of string) (*quota.Gates, error) {
	if c == nil {
		return nil, nil
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	wait := c.Wait
	if wait == 0 && c.Queue > 0 {
		wait = defaultQueueWait
	}
	return lease(l, gatePool, poolKey(of, c), func() (*quota.Gates, func() error, error) {
		gate, err := quota.NewGates(quota.GateConfig{MaxInFlight: c.Max, MaxWaiting: c.Queue, MaxWait: time.Duration(wait)})
		return gate, func() error { return nil }, err
	})
}

// enter waits for a place among the caller's and the provider's lookups.
func (e *Edge) enter(ctx context.Context, ex *exchange) (leave func(), p *problem) {
	leaveCaller, err := ex.bounds.gates.Enter(ctx, ex.name)
	if err != nil {
		return nil, notEntered(ctx, err)
	}
	leaveProvider, err := e.gates.Enter(ctx, e.provider.Name)
	if err != nil {
		leaveCaller()
		return nil, notEntered(ctx, err)
	}
	return func() { leaveProvider(); leaveCaller() }, nil
}

func notEntered(ctx context.Context, err error) *problem {
	if ctx.Err() != nil {
		return &problem{reason: provider.ReasonCanceled, cause: ctx.Err()}
	}
	return &problem{reason: provider.ReasonBusy, cause: err, retry: time.Second}
}
