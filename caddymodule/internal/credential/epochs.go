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

const (
	// DefaultEpochRefresh is how often the keys of epochs are read again.
	DefaultEpochRefresh = 5 * time.Minute

	// maxEpochRefresh keeps the key of the next epoch from being fetched late, and
	// a destroyed key from being used for long.
	maxEpochRefresh = time.Hour

	// epochAhead is how long before its turn an epoch's key is made and fetched.
	epochAhead = 24 * time.Hour
)

// EpochsConfig says where the pseudonym keys of epochs stand and how long an
// epoch is.
type EpochsConfig struct {
	// Session is the login to Vault. Its policy must allow "create" and "read" on
	// the secrets in Path. Required.
	Session *Session

	// Path is the folder of the keys in an engine of KV version 2, such as
	// secret/ringward/production/pseudonyms. Required.
	Path string

	// Every is how long an epoch is: EveryMonth (the default), EveryWeek or
	// EveryDay.
	Every string

	// Environment is compared with the keys' marks, as that of a Reference.
	Environment string

	// Refresh is the time between two readings, give or take a tenth at random,
	// and so the time after which a key that was destroyed in Vault is no longer
	// used. After a failure the next reading follows after 1 s, 2 s, 4 s ... and
	// 30 s or Refresh at most. Default 5 min, at most 1 h.
	Refresh time.Duration

	// FetchTimeout bounds the reading or making of one key. Default 10 s.
	FetchTimeout time.Duration

	// Now is the clock that epochs turn by. Default time.Now.
	Now func() time.Time

	// OnEvent, which may be nil, is told what happens to the key of each epoch,
	// one event at a time and never on a request. Event.Source names the key. It
	// must not block and must not call Close.
	OnEvent func(Event)

	// jitter returns a number in [0, 1).
	jitter func() float64
}

func (c EpochsConfig) withDefaults() (EpochsConfig, error) {
	switch c.Every {
	case "":
		c.Every = EveryMonth
	case EveryMonth, EveryWeek, EveryDay:
	default:
		return c, fmt.Errorf("an epoch is a %s, a %s or a %s: %w", EveryMonth, EveryWeek, EveryDay, ErrInvalid)
	}
	if c.Refresh < 0 || c.Refresh > maxEpochRefresh || c.FetchTimeout < 0 {
		return c, fmt.Errorf("refresh must be at most %s, and it and the fetch timeout not negative: %w", maxEpochRefresh, ErrInvalid)
	}
	if c.Refresh == 0 {
		c.Refresh = DefaultEpochRefresh
	}
	if c.FetchTimeout == 0 {
		c.FetchTimeout = DefaultFetchTimeout
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
	return c, nil
}

// Epochs holds the pseudonym key of the epoch of the moment, and from 24 h before
// its turn that of the next, so that the turn needs no Vault. It makes the two in
// Vault where they are missing, once for all replicas, and no others. A failed
// reading of any kind leaves a held key in use, but for one: a key that is deleted
// or destroyed is dropped. All methods are safe for concurrent use.
//
// A key is not wiped by Epochs, because a request may still hold it: its memory is
// zeroed by the garbage collector after the last holder is gone.
type Epochs struct {
	cfg     EpochsConfig
	keys    *EpochKeys
	life    *lifetime
	fetches flight

	held atomic.Pointer[epochPair] // nil until the first fetch has ended
	lost chan struct{}             // tells the loop that held is about other times

	start  sync.Once
	mu     sync.Mutex // of those who change held, and of health
	health epochsHealth
}

// NewEpochs checks the config. It reads nothing yet. Errors wrap ErrInvalid.
func NewEpochs(cfg EpochsConfig) (*Epochs, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	keys, err := NewEpochKeys(cfg.Session, cfg.Path, cfg.Environment)
	if err != nil {
		return nil, err
	}
	return &Epochs{cfg: cfg, keys: keys, life: newLifetime(), lost: make(chan struct{}, 1)}, nil
}

// Load reads or makes the keys for the first time and waits for it. It returns the
// errors about the current epoch that waiting does not mend. When Vault is only
// unavailable it returns nil: Current fails with ErrNotReady until the background
// loop has the key.
func (e *Epochs) Load(ctx context.Context) error {
	run, _ := e.fetches.join(e.life, nil, e.fetch)
	err := run.wait(ctx)
	if errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// Inherit takes over what another holds for the same epochs in the same folder,
// unless this one has something to say about the current epoch itself. It is for a
// config that is loaded while Vault is away.
func (e *Epochs) Inherit(from *Epochs) {
	theirs := from.held.Load()
	same := e.keys.folder == from.keys.folder && e.keys.environment == from.keys.environment && e.cfg.Every == from.cfg.Every
	if theirs == nil || !same {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if ours := e.held.Load(); ours == nil || (ours.current.key == nil && ours.current.gone == nil) {
		e.held.Store(theirs)
	}
}

// Start begins to refresh in the background. Further calls do nothing.
func (e *Epochs) Start() {
	e.start.Do(func() { e.life.spawn(e.refreshLoop) })
}

// Close ends the background work and waits for it. Keys stay readable, for the
// requests that are under way.
func (e *Epochs) Close() { e.life.close() }

// Current returns the key of the epoch of this moment, without a lock and without
// I/O; the same pointer for as long as the key is the same. It fails with
// ErrNotReady while that key is not there, whatever other key is, and with
// ErrDeleted once the key is destroyed: until the next epoch there is none.
func (e *Epochs) Current() (*EpochKey, error) {
	slot := e.held.Load().at(e.cfg.Now())
	switch {
	case slot == nil: // the clock was set to another epoch
		select {
		case e.lost <- struct{}{}:
		default:
		}
		return nil, ErrNotReady
	case slot.key != nil:
		return slot.key, nil
	case slot.gone != nil:
		return nil, slot.gone
	default:
		return nil, ErrNotReady
	}
}

// Ready returns nil where Current gives a key, and its error otherwise.
func (e *Epochs) Ready() error {
	_, err := e.Current()
	return err
}
