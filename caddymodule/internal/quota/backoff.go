package quota

import (
	"errors"
	"maps"
	"sync"
	"time"
)

const (
	// backoffSweepInterval is how often a Backoff forgets what has had its time.
	backoffSweepInterval = time.Minute

	// backoffTries bounds the search for a key to forget where there is no room.
	backoffTries = 16
)

// BackoffConfig says who is locked out, and for how long. All zero values have
// defaults.
type BackoffConfig struct {
	// Threshold failures within Window lock a key out; default 10 in 1 minute. The
	// window starts with the first failure.
	Threshold int
	Window    time.Duration

	// Base is how long the first lockout lasts, and Max the longest; each further
	// one lasts twice as long as the one before. Default 1 minute and 1 hour.
	Base, Max time.Duration

	// Quiet is how long a key must not be locked out for one of its lockouts to be
	// forgotten; default 1 hour.
	Quiet time.Duration

	// MaxKeys bounds the memory; default 65,536 keys, some 10 MB.
	MaxKeys int

	// OnLockout, where set, is told of each lockout, once. It must not block.
	OnLockout func(Lockout)

	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Lockout is what a BackoffConfig.OnLockout learns.
type Lockout struct {
	Key    string
	For    time.Duration
	InARow int // 1 for the first
}

// Backoff locks out keys, such as addresses or callers, that fail again and
// again: with bad keys, or invalid numbers. It goes by what this process alone
// has seen, and is safe for concurrent use.
//
// Where there is no room for a new key, one that was never locked out is
// forgotten. Where all have been, the new key is not watched; its limits still
// hold.
type Backoff struct {
	config BackoffConfig

	mu        sync.RWMutex
	offenders map[string]*offender
	nextSweep time.Time
}

// offender is what is remembered of a key.
type offender struct {
	failures int       // in the window
	since    time.Time // start of the window
	lockouts int       // in a row, as of until
	until    time.Time // end of the last lockout
}

// NewBackoff checks the config and returns a Backoff that knows nobody yet.
func NewBackoff(config BackoffConfig) (*Backoff, error) {
	config.setDefaults()
	switch {
	case config.Threshold < 1 || config.MaxKeys < 1:
		return nil, errors.New("backoff threshold and number of keys must be positive")
	case config.Window < 0 || config.Base < 0 || config.Quiet < 0:
		return nil, errors.New("backoff times must be positive")
	case config.Max < config.Base:
		return nil, errors.New("the longest lockout must not be shorter than the first")
	}
	return &Backoff{config: config, offenders: make(map[string]*offender)}, nil
}

func (c *BackoffConfig) setDefaults() {
	setDefault(&c.Threshold, 10)
	setDefault(&c.Window, time.Minute)
	setDefault(&c.Base, time.Minute)
	setDefault(&c.Max, max(time.Hour, c.Base))
	setDefault(&c.Quiet, time.Hour)
	setDefault(&c.MaxKeys, 1<<16)
	if c.Now == nil {
		c.Now = time.Now
	}
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// Locked returns how long key is still locked out, and 0 where it is not.
func (b *Backoff) Locked(key string) time.Duration {
	b.mu.RLock()
	defer b.mu.RUnlock()
	o, ok := b.offenders[key]
	if !ok {
		return 0
	}
	return max(0, o.until.Sub(b.config.Now()))
}

// Fail notes a failure of key, and returns how long key is locked out now.
// Failures of a key that is locked out do not lengthen that.
func (b *Backoff) Fail(key string) time.Duration {
	now := b.config.Now()
	lockout, left := b.fail(key, now)
	if lockout.For > 0 && b.config.OnLockout != nil {
		b.config.OnLockout(lockout)
	}
	return left
}

// fail returns the lockout that begins, if any, and how long key is locked out.
func (b *Backoff) fail(key string, now time.Time) (Lockout, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.offender(key, now)
	if o == nil {
		return Lockout{}, 0
	}
	if left := o.until.Sub(now); left > 0 {
		return Lockout{}, left
	}
	if now.Sub(o.since) >= b.config.Window {
		o.failures, o.since = 0, now
	}
	if o.failures++; o.failures < b.config.Threshold {
		return Lockout{}, 0
	}
	before := b.remembered(o, now)
	length := b.length(before)
	*o = offender{lockouts: before + 1, until: now.Add(length)}
	return Lockout{Key: key, For: length, InARow: before + 1}, length
}

// length doubles the base for each lockout before, up to the maximum.
func (b *Backoff) length(before int) time.Duration {
	length := b.config.Base
	for range before {
		if length > b.config.Max/2 {
			return b.config.Max
		}
		length *= 2
	}
	return min(length, b.config.Max)
}

// remembered returns how many lockouts quiet time has not undone.
func (b *Backoff) remembered(o *offender, now time.Time) int {
	return max(0, o.lockouts-int(max(0, now.Sub(o.until))/b.config.Quiet))
}

// offender returns what is remembered of key, or nil where there is no room.
func (b *Backoff) offender(key string, now time.Time) *offender {
	if o, ok := b.offenders[key]; ok {
		return o
	}
	if !now.Before(b.nextSweep) {
		b.nextSweep = now.Add(backoffSweepInterval)
		maps.DeleteFunc(b.offenders, func(_ string, o *offender) bool {
			return b.remembered(o, now) == 0 && now.Sub(o.since) >= b.config.Window
		})
	}
	if len(b.offenders) >= b.config.MaxKeys && !b.forgetOne(now) {
		return nil
	}
	o := &offender{since: now}
	b.offenders[key] = o
	return o
}

// forgetOne makes room at random: a flood of keys cannot choose its victim.
func (b *Backoff) forgetOne(now time.Time) bool {
	tries := 0
	for key, o := range b.offenders {
		if b.remembered(o, now) == 0 {
			delete(b.offenders, key)
			return true
		}
		if tries++; tries == backoffTries {
			break
		}
	}
	return false
}
