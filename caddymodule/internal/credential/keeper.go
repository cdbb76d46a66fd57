package credential

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of KeeperConfig.
const (
	DefaultRefresh      = 30 * time.Second
	DefaultMaxStale     = time.Hour
	DefaultGrace        = 10 * time.Minute
	DefaultRotateEvery  = 90 * 24 * time.Hour
	DefaultFetchTimeout = 10 * time.Second
)

// rejectionInterval is the least time between two fetches that rejections cause,
// and how long a rejected value cools down.
const rejectionInterval = 5 * time.Second

// KeeperConfig says what a Keeper keeps and how fresh.
type KeeperConfig struct {
	// Source is asked for the value. Required.
	Source Source

	// Refresh is the time between two fetches, give or take a tenth at random,
	// so that many instances do not ask at once. Default 30 s. After a failed
	// fetch the next follows after 1 s, 2 s, 4 s ... and Refresh at most.
	Refresh time.Duration

	// MaxStale is how long a value is served after the last good fetch. It is
	// measured on the monotonic clock: setting the machine's clock neither
	// extends nor shortens it. Default 1 h.
	MaxStale time.Duration

	// Grace is how long Previous gives the value before a rotation. Default
	// 10 min; negative for none.
	Grace time.Duration

	// RotateEvery is the age from which a value is reported as overdue.
	// Default 90 days; negative for never.
	RotateEvery time.Duration

	// FetchTimeout bounds one fetch. Default 10 s.
	FetchTimeout time.Duration

	// Now is the clock for ages. It must return times with a monotonic reading,
	// as time.Now, the default, does.
	Now func() time.Time

	// OnEvent, which may be nil, is told what happens, one event at a time and
	// outside of all requests but those that wait in RefetchAfterRejection. It
	// must not block and must not call the Keeper's Close.
	OnEvent func(Event)

	// jitter returns a number in [0, 1).
	jitter func() float64
}

func (c KeeperConfig) withDefaults() KeeperConfig {
	for _, d := range []struct {
		field    *time.Duration
		standard time.Duration
	}{
		{&c.Refresh, DefaultRefresh},
		{&c.MaxStale, DefaultMaxStale},
		{&c.Grace, DefaultGrace},
		{&c.RotateEvery, DefaultRotateEvery},
		{&c.FetchTimeout, DefaultFetchTimeout},
	} {
		if *d.field == 0 {
			*d.field = d.standard
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnEvent == nil {
		c.OnEvent = func(Event) {}
	}
	if c.jitter == nil {
		c.jitter = rand.Float64
	}
	return c
}

// Keeper holds the current value of one source in memory. A failed fetch of any
// kind, an empty or a missing or a deleted secret included, never replaces a good
// value; it lets it grow stale. All methods are safe for concurrent use.
//
// Old values are not wiped by the Keeper, because a request may still hold one:
// the memory of a Secret is zeroed by the garbage collector after its last holder
// is gone.
type Keeper struct {
	cfg     KeeperConfig
	life    *lifetime
	fetches flight

	held    atomic.Pointer[held]    // nil until the first good fetch
	cooling atomic.Pointer[cooling] // the last rejected value

	start  sync.Once
	mu     sync.Mutex
	health health
}

// held is what requests read, replaced as a whole.
type held struct {
	value         *Value
	lastGood      time.Time // of the last good fetch, with a monotonic reading
	previous      *Value
	previousUntil time.Time
}

type cooling struct {
	value *Value
	until time.Time
}

// NewKeeper makes a keeper. It fetches nothing yet. Negative durations, other
// than where they have a meaning, are an error, as is a missing source.
func NewKeeper(cfg KeeperConfig) (*Keeper, error) {
	if cfg.Source == nil {
		return nil, fmt.Errorf("a keeper needs a source: %w", ErrInvalid)
	}
	if cfg.Refresh < 0 || cfg.MaxStale < 0 || cfg.FetchTimeout < 0 {
		return nil, fmt.Errorf("refresh, max stale and fetch timeout must not be negative: %w", ErrInvalid)
	}
	cfg = cfg.withDefaults()
	if cfg.MaxStale < cfg.Refresh {
		return nil, fmt.Errorf("max stale %s is shorter than refresh %s, so that every value would turn stale: %w",
			cfg.MaxStale, cfg.Refresh, ErrInvalid)
	}
	return &Keeper{cfg: cfg, life: newLifetime()}, nil
}

// Load fetches for the first time and waits for it. It returns the errors that
// waiting does not mend. When the source is only unavailable it returns nil and
// the keeper is not ready: Current fails with ErrNotReady until a fetch of the
// background loop succeeds.
func (k *Keeper) Load(ctx context.Context) error {
	run, _ := k.fetches.join(k.life, nil, k.fetch)
	err := run.wait(ctx)
	if errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// Inherit takes over what another keeper of the same source holds, unless this one
// holds something already. How stale that is keeps counting from when the other
// fetched it.
func (k *Keeper) Inherit(from *Keeper) {
	if h := from.held.Load(); h != nil {
		k.held.CompareAndSwap(nil, &held{value: h.value, lastGood: h.lastGood})
	}
}

// Start begins to refresh in the background. Further calls do nothing.
func (k *Keeper) Start() {
	k.start.Do(func() { k.life.spawn(k.refreshLoop) })
}

// Close ends the background work and waits for it. The value stays readable, for
// the requests that are under way.
func (k *Keeper) Close() { k.life.close() }

// Current returns the value to use now, without a lock and without I/O. It fails
// with ErrNotReady before the first good fetch, and with ErrStale when the last
// one is longer ago than MaxStale.
func (k *Keeper) Current() (*Value, error) {
	h := k.held.Load()
	if h == nil {
		return nil, ErrNotReady
	}
	if k.cfg.Now().Sub(h.lastGood) > k.cfg.MaxStale {
		return nil, ErrStale
	}
	return h.value, nil
}

// Previous returns the value before the last rotation during the grace time, nil
// otherwise. It serves a provider that takes up a new key late, and the search for
// the old key in answers.
func (k *Keeper) Previous() *Value {
	h := k.held.Load()
	if h == nil || h.previous == nil || !k.cfg.Now().Before(h.previousUntil) {
		return nil
	}
	return h.previous
}

// refreshLoop fetches until the keeper is closed.
func (k *Keeper) refreshLoop() {
	ctx := k.life.ctx
	for pause(ctx, k.plan()) {
		run, _ := k.fetches.join(k.life, nil, k.fetch)
		if run.wait(ctx) != nil && ctx.Err() != nil {
			return
		}
	}
}
