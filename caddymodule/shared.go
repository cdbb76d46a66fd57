package caddymodule

import (
	"slices"
	"sync"

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
	gatePool    = caddy.NewUsagePool() // who is under way, by what is counted and config
	issuerPool  = caddy.NewUsagePool() // keys of an issuer, by the config
	epochsPool  = caddy.NewUsagePool() // keys of pseudonyms that change, by the config
	callersPool = caddy.NewUsagePool() // callers in Vault, by the config
)

// leases are one module's holds on pooled state. The zero value is ready. They
// are released together, once: a UsagePool panics below zero. They are safe for
// concurrent use, as callers come while requests are served.
type leases struct {
	mu      sync.Mutex
	held    map[leaseKey]any
	release []func() error
}

type leaseKey struct {
	pool *caddy.UsagePool
	key  string
}

// Close releases every hold. Nil, of a module that was not provisioned, has none.
func (l *leases) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var first error
	for _, release := range slices.Backward(l.release) {
		if err := release(); err != nil && first == nil {
			first = err
		}
	}
	l.release, l.held = nil, nil
	return first
}

// pooled is a value of a UsagePool with what ends it.
type pooled[T any] struct {
	value T
	end   func() error
}

// Destruct ends the value when its last holder has let go.
func (p pooled[T]) Destruct() error { return p.end() }

// lease returns the pooled value under key, built where there is none yet. It is
// held once, however often it is asked for.
func lease[T any](l *leases, pool *caddy.UsagePool, key string, build func() (T, func() error, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := leaseKey{pool, key}
	if value, ok := l.held[at]; ok {
		return value.(T), nil
	}
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
	if l.held == nil {
		l.held = make(map[leaseKey]any)
	}
	value := held.(pooled[T]).value
	l.held[at] = value
	return value, nil
}
