package jwt

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// fetchGap is the least time between two fetches, whatever tokens arrive: an
	// unknown key id makes one fetch at once, and a storm of them no more.
	fetchGap = 10 * time.Second

	// fetchTime bounds one fetch, and fetchWait how long a request waits for it.
	fetchTime = 5 * time.Second
	fetchWait = 2 * time.Second

	// retryGap is the most time between two fetches while they fail.
	retryGap = time.Minute
)

// keyring keeps an issuer's keys fresh. A fetch that fails leaves the keys as
// they are, until they are too old.
type keyring struct {
	load   func(ctx context.Context) ([]byte, error) // nil content: as before
	now    func() time.Time
	life   context.Context // the end of all fetches
	gap    time.Duration   // between two fetches
	maxAge time.Duration

	current atomic.Pointer[keySet] // nil before the first success

	mu     sync.Mutex
	flight chan struct{} // closed at the end of the fetch under way; nil without one
	next   time.Time     // no fetch before
	fault  error         // of the last fetch
}

// usable is the set in force; nil if there is none that may be used.
func (r *keyring) usable() *keySet {
	set := r.current.Load()
	if set == nil || set.isStale(r.now(), r.maxAge) {
		return nil
	}
	return set
}

// find is the key for a token. If there is none, the issuer may have a new one,
// so the keys are fetched once, if that is due.
func (r *keyring) find(ctx context.Context, keyID, algorithm string) (*jose.JSONWebKey, *keySet, error) {
	set := r.usable()
	if set != nil {
		if key := set.find(keyID, algorithm); key != nil {
			return key, set, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchWait)
	defer cancel()
	r.refresh(ctx)
	if set = r.usable(); set == nil {
		return nil, nil, ErrUnavailable
	}
	key := set.find(keyID, algorithm)
	if key == nil {
		return nil, nil, ErrUnknownKey
	}
	return key, set, nil
}

// refresh fetches the keys, or waits for the fetch under way; it does nothing if
// the last one is not long ago. The fetch does not end with the request that
// began it, so one that gives up does not fail the others.
func (r *keyring) refresh(ctx context.Context) {
	r.mu.Lock()
	flight := r.flight
	if flight == nil && !r.now().Before(r.next) {
		flight = make(chan struct{})
		r.flight, r.next = flight, r.now().Add(r.gap)
		go r.fetch(flight)
	}
	r.mu.Unlock()
	if flight == nil {
		return
	}
	select {
	case <-flight:
	case <-ctx.Done():
	}
}

func (r *keyring) fetch(flight chan struct{}) {
	ctx, cancel := context.WithTimeout(r.life, fetchTime)
	defer cancel()
	content, err := r.load(ctx)
	if err == nil {
		err = r.install(content)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault, r.flight = err, nil
	close(flight)
}

// install puts keys in force. The same keys stay the same generation.
func (r *keyring) install(content []byte) error {
	before := r.current.Load()
	set := &keySet{fetched: r.now()}
	if content == nil {
		if before == nil {
			return errNotKeys
		}
		set.keys, set.generation, set.digest = before.keys, before.generation, before.digest
		r.current.Store(set)
		return nil
	}
	keys, err := parseKeys(content)
	if err != nil {
		return err
	}
	set.keys, set.digest = keys, sha256.Sum256(content)
	if before != nil {
		set.generation = before.generation
		if before.digest != set.digest {
			set.generation++
		}
	}
	r.current.Store(set)
	return nil
}

// run fetches the keys at once and then again and again.
func (r *keyring) run(every time.Duration) {
	for failures := 0; ; {
		r.refresh(r.life)
		wait := every
		if failures++; r.lastFault() == nil {
			failures = 0
		} else {
			wait = min(r.gap<<min(failures-1, 8), retryGap, every)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-r.life.Done():
			timer.Stop()
			return
		}
	}
}

func (r *keyring) lastFault() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fault
}

// ready tells why no token can be judged.
func (r *keyring) ready() error {
	set := r.current.Load()
	switch {
	case set == nil:
		return errors.Join(errors.New("the issuer's keys are not loaded yet"), r.lastFault())
	case set.isStale(r.now(), r.maxAge):
		return errors.Join(errors.New("the issuer's keys are too old"), r.lastFault())
	case len(set.keys) == 0:
		return errors.New("the issuer has no key that could sign")
	default:
		return nil
	}
}
