package credential

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// health is what the background work knows; Keeper.mu guards it.
type health struct {
	failures     int // in a row
	fetched      bool
	lastErr      error
	lastErrAt    time.Time
	nextRefresh  time.Time
	lastRefetch  time.Time // caused by a rejection
	saidStale    bool
	overdue      bool
	saidOverdue  int // version for which overdue was reported
	overdueKnown bool
}

// plan returns the time until the next fetch and notes it for Status.
func (k *Keeper) plan() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	var wait time.Duration
	switch {
	case !k.health.fetched: // Load was not called
	case k.health.failures > 0:
		wait = backoff(k.health.failures-1, k.cfg.Refresh)
	default:
		wait = k.cfg.Refresh
	}
	wait += time.Duration((k.cfg.jitter() - 0.5) / 5 * float64(wait))
	k.health.nextRefresh = k.cfg.Now().Add(wait)
	return wait
}

// fetch asks the source once and takes in the outcome. The flight makes sure that
// it never runs twice at a time.
func (k *Keeper) fetch(life context.Context) error {
	ctx, cancel := context.WithTimeout(life, k.cfg.FetchTimeout)
	defer cancel()
	value, err := k.cfg.Source.Fetch(ctx)
	switch {
	case life.Err() != nil:
		return errClosed
	case err == nil && (value == nil || len(value.Fields) == 0):
		err = fmt.Errorf("%s gave no value: %w", k.cfg.Source.Describe(), ErrEmpty)
	case errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrUnavailable):
		err = fmt.Errorf("%s did not answer in time: %w", k.cfg.Source.Describe(), ErrUnavailable)
	}
	if err == nil {
		err = k.refuseOlder(value)
	}
	if err != nil {
		k.failed(err)
		return err
	}
	k.succeeded(value)
	return nil
}

// refuseOlder refuses a version that is older than the one held: a standby of the
// source may lag behind, and going back to a key that was rotated out would fail
// at the provider. Once the held value is stale, whatever the source says counts.
func (k *Keeper) refuseOlder(value *Value) error {
	current, err := k.Current()
	if err != nil || value.Version >= current.Version || !value.Created.Before(current.Created) {
		return nil //nolint:nilerr // nothing usable is held, so nothing can be older than it
	}
	return fmt.Errorf("%s answers with version %d, older than version %d that it gave before (a standby that lags behind): %w",
		k.cfg.Source.Describe(), value.Version, current.Version, ErrUnavailable)
}

func (k *Keeper) failed(err error) {
	now := k.cfg.Now()
	h := k.held.Load()

	k.mu.Lock()
	first := k.health.failures == 0
	k.health.fetched = true
	k.health.failures++
	k.health.lastErr, k.health.lastErrAt = err, now
	stale := h != nil && now.Sub(h.lastGood) > k.cfg.MaxStale && !k.health.saidStale
	k.health.saidStale = k.health.saidStale || stale
	k.mu.Unlock()

	if first {
		k.emit(Event{Kind: EventRefreshFailed, Err: err}, h)
	}
	if stale {
		k.emit(Event{Kind: EventStale, Err: err}, h)
	}
}

func (k *Keeper) succeeded(value *Value) {
	now := k.cfg.Now()
	old := k.held.Load()
	next := &held{value: value, lastGood: now}
	rotated := false
	if old != nil {
		next.previous, next.previousUntil = old.previous, old.previousUntil
		if old.value.Equal(value) {
			next.value = old.value
		} else {
			rotated = true
			next.previous, next.previousUntil = old.value, now.Add(k.cfg.Grace)
		}
		if !now.Before(next.previousUntil) {
			next.previous = nil // lets go of it, so that it can be wiped
		}
	}
	k.held.Store(next)

	k.mu.Lock()
	recovered := k.health.failures > 0
	k.health.fetched = true
	k.health.failures = 0
	k.health.saidStale = false
	overdue := k.noteAge(next.value, now)
	k.mu.Unlock()

	if recovered {
		k.emit(Event{Kind: EventRecovered}, next)
	}
	if rotated {
		k.emit(Event{Kind: EventRotated, OldVersion: old.value.Version}, next)
	}
	if overdue {
		k.emit(Event{Kind: EventOverdue}, next)
	}
}

// noteAge notes whether the value is overdue for rotation and reports whether that
// is news for this version. Keeper.mu is held.
func (k *Keeper) noteAge(value *Value, now time.Time) bool {
	h := &k.health
	h.overdue = k.cfg.RotateEvery > 0 && !value.Created.IsZero() && now.Sub(value.Created) > k.cfg.RotateEvery
	if !h.overdue {
		h.overdueKnown = false
		return false
	}
	news := !h.overdueKnown || h.saidOverdue != value.Version
	h.overdueKnown, h.saidOverdue = true, value.Version
	return news
}
