package caddymodule

import (
	"slices"

	"github.com/caddyserver/caddy/v2"
)

// What outlives a config lives in pools: a reload takes its hold before the
// old config lets go, so that it neither asks Vault again, nor resets a limit,
// nor reopens the audit log.
var (
	sessionPool = caddy.NewUsagePool() // Vault logins, by their config
	keeperPool  = caddy.NewUsagePool() // credentials, by reference
	auditPool   = caddy.NewUsagePool() // audit logs, by destination
	storePool   = caddy.NewUsagePool() // limit counters
	backoffPool = caddy.NewUsagePool() // who is locked out, by the config
	gatePool    = caddy.NewUsagePool() // who is under way, by name and config
)

// leases are one module's holds on pooled state. The zero value is ready. They
// are released together, once: a UsagePool panics below zero.
type leases struct {
	release []func() error
}

// Close releases every hold.
func (l *leases) Close() error {
	var first error
	for _, release := range slices.Backward(l.release) {
		if err := release(); err != nil && first == nil {
			first = err
		}
	}
	l.release = nil
	return first
}

// pooled is a value of a UsagePool with what ends it.
type pooled[T any] struct {
	value T
	end   func() error
}

// Destruct ends the value when its last holder has let go.
func (p pooled[T]) Destruct() error { return p.end() }

// lease returns the pooled value under key, built where there is none yet.
func lease[T any](l *leases, pool *caddy.UsagePool, key string, build func() (T, func() error, error)) (T, error) {
	held, _, err := pool.LoadOrNew(key, func() (caddy.Destructor, error) {
		value, end, err := build()
		if err != nil {
			return nil, err
		}
		return pooled[T]{value, end}, nil
	})
	if err != nil {
		var none T
		return none, err
	}
	l.release = append(l.release, func() error {
		_, err := pool.Delete(key)
		return err
	})
	return held.(pooled[T]).value, nil
}
