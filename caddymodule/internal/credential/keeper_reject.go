package credential

import (
	"context"
	"time"
)

// Rejected is told that the provider refused v. It begins a fetch at once, at most
// one in 5 s for all requests together, and returns without waiting. The value is
// kept and cools down: one refusal may be the provider's mistake.
func (k *Keeper) Rejected(v *Value) {
	if current, err := k.Current(); err == nil && current == v {
		k.coolDown(v)
		k.fetches.join(k.life, k.mayRefetch, k.fetchRejected)
	}
}

// RefetchAfterRejection is Rejected for a request that wants to try again: it waits
// for the fetch, its own or the one that another request began, and returns the
// value to use. It is v itself where nothing changed, which means that another try
// makes no sense. It fails as Current does, and with ctx, which should end soon: a
// source that hangs is waited for until FetchTimeout otherwise.
func (k *Keeper) RefetchAfterRejection(ctx context.Context, v *Value) (*Value, error) {
	// A fetch that is already under way may have read the source before the key
	// was changed there. One that began with a rejection is not repeated, since
	// mayRefetch then says no; so two rounds are enough.
	for range 2 {
		current, err := k.Current()
		if err != nil || current != v {
			return current, err // v was replaced while the request was under way
		}
		k.coolDown(v)
		run, began := k.fetches.join(k.life, k.mayRefetch, k.fetchRejected)
		if run == nil {
			return current, nil
		}
		if run.wait(ctx) != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if began {
			break
		}
	}
	return k.Current()
}

// Cooling reports until when the current value should be used with care, because
// the provider has refused it. A rotation ends it at once.
func (k *Keeper) Cooling() (until time.Time, cooling bool) {
	c, h := k.cooling.Load(), k.held.Load()
	if c == nil || h == nil || c.value != h.value || !k.cfg.Now().Before(c.until) {
		return time.Time{}, false
	}
	return c.until, true
}

func (k *Keeper) coolDown(v *Value) {
	k.cooling.Store(&cooling{value: v, until: k.cfg.Now().Add(rejectionInterval)})
}

// mayRefetch allows one fetch in rejectionInterval.
func (k *Keeper) mayRefetch() bool {
	now := k.cfg.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	last := k.health.lastRefetch
	if !last.IsZero() && now.Sub(last) < rejectionInterval {
		return false
	}
	k.health.lastRefetch = now
	return true
}

// fetchRejected reports the rejection before it fetches: as often as it fetches,
// not as often as requests are refused.
func (k *Keeper) fetchRejected(ctx context.Context) error {
	k.emit(Event{Kind: EventRejected}, k.held.Load())
	return k.fetch(ctx)
}
