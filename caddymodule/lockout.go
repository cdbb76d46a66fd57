package caddymodule

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// LockoutConfig says when an address or a caller that fails again and again is
// locked out, and for how long. Failures are wrong caller keys, for the address,
// and numbers that cannot be, for the caller.
type LockoutConfig struct {
	// Failures within Window lock out. Default: 10 in 1m.
	Failures int            `json:"failures,omitempty"`
	Window   caddy.Duration `json:"window,omitempty"`

	// Base is how long the first lockout lasts; each further one lasts twice as
	// long as the one before, up to Max. Default: 1m and 1h.
	Base caddy.Duration `json:"base,omitempty"`
	Max  caddy.Duration `json:"max,omitempty"`
}

func (c *LockoutConfig) backoff() (*quota.Backoff, error) {
	return quota.NewBackoff(quota.BackoffConfig{
		Threshold: c.Failures, Window: time.Duration(c.Window), Base: time.Duration(c.Base), Max: time.Duration(c.Max),
		OnLockout: func(l quota.Lockout) {
			what, who, _ := strings.Cut(l.Key, "/")
			hub().Emit(alert.Event{Name: alert.LockedOut, Attributes: map[string]string{
				what: who, alert.AttrSeconds: strconv.Itoa(int(l.For.Seconds())),
			}})
		},
	})
}

// provisionLockout keeps who is locked out over reloads that do not change it.
func (a *App) provisionLockout() error {
	if a.Lockout == nil {
		return nil
	}
	var err error
	a.backoff, err = lease(a.leases, backoffPool, poolKey(a.Lockout), func() (*quota.Backoff, func() error, error) {
		backoff, err := a.Lockout.backoff()
		return backoff, func() error { return nil }, err
	})
	return err
}

// The keys of lockouts begin with what they are, which is also the name of the
// event's attribute.
func addressKey(ex *exchange) string { return alert.AttrClientIP + "/" + ex.ipKey() }
func callerKey(ex *exchange) string  { return alert.AttrCaller + "/" + ex.name }

// lockedOut refuses who is locked out.
func (a *App) lockedOut(ex *exchange, key func(*exchange) string) *problem {
	if a.backoff == nil {
		return nil
	}
	left := a.backoff.Locked(key(ex))
	if left == 0 {
		return nil
	}
	return &problem{reason: provider.ReasonLockedOut, cause: errLockedOut, retry: max(left, time.Second)}
}

// failed notes a failure.
func (a *App) failed(ex *exchange, key func(*exchange) string) {
	if a.backoff != nil {
		a.backoff.Fail(key(ex))
	}
}

var errLockedOut = errors.New("locked out after repeated failures")

// parseLockout reads the global option:
//
//	lockout {
//		after <failures>/<period>
//		base <duration>
//		max <duration>
//	}
func parseLockout(d *caddyfile.Dispenser, app *App) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	c := new(LockoutConfig)
	err := readBlock(d, map[string]option{
		"after": once(func(d *caddyfile.Dispenser) error {
			var text string
			if err := exactly(d, "after <failures>/<period>", &text); err != nil {
				return err
			}
			rate, err := quota.ParseRate(text)
			if err != nil || rate.Limit > maxFailures {
				return d.Errf("%q is not so many failures in a period, such as 10/m, %d at most", text, maxFailures)
			}
			c.Failures, c.Window = int(rate.Limit), caddy.Duration(rate.Period)
			return nil
		}),
		"base": duration("base <duration>", &c.Base),
		"max":  duration("max <duration>", &c.Max),
	})
	if err != nil {
		return err
	}
	if _, err := c.backoff(); err != nil {
		return d.WrapErr(err)
	}
	app.Lockout = c
	return nil
}

// maxFailures bounds how patient a lockout can be.
const maxFailures = 100_000
