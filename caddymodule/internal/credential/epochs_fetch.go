package credential

import (
	"context"
	"errors"
	"time"
)

// refreshLoop fetches until Epochs is closed.
func (e *Epochs) refreshLoop() {
	for e.pause(e.plan()) {
		run, _ := e.fetches.join(e.life, nil, e.fetch)
		if run.wait(e.life.ctx) != nil && e.life.ctx.Err() != nil {
			return
		}
	}
}

// pause waits, not for long where a request has found nothing about its time.
// False means that Epochs was closed.
func (e *Epochs) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-e.lost:
	case <-e.life.ctx.Done():
	}
	return e.life.ctx.Err() == nil
}

// plan returns the time until the next fetch and notes it for Status.
func (e *Epochs) plan() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	var wait time.Duration
	switch {
	case e.held.Load() == nil: // Load was not called
	case e.health.failures > 0:
		wait = backoff(e.health.failures-1, min(e.cfg.Refresh, DefaultRefresh))
	default:
		wait = e.cfg.Refresh
	}
	wait += time.Duration((e.cfg.jitter() - 0.5) / 5 * float64(wait))
	e.health.nextRefresh = e.cfg.Now().Add(wait)
	return wait
}

// fetch gets the key of the current epoch, and that of the next where its turn is
// near. The flight makes sure that it never runs twice at a time. Its error is
// that of the current epoch.
func (e *Epochs) fetch(life context.Context) error {
	now := e.cfg.Now()
	current := EpochAt(e.cfg.Every, now)
	err := e.get(life, current, (*epochPair).turnedTo)
	var errNext error
	if next := EpochAt(e.cfg.Every, current.End); !now.Before(next.Start.Add(-epochAhead)) {
		errNext = e.get(life, next, (*epochPair).followedBy)
	}
	if life.Err() != nil {
		return errClosed
	}
	e.note(errors.Join(err, errNext))
	return err
}

// get asks for one key, puts what came of it in its place and tells of it.
func (e *Epochs) get(life context.Context, epoch Epoch, place func(*epochPair, *epochSlot) *epochPair) error {
	answer := e.try(life, e.held.Load().slotOf(epoch))
	if life.Err() != nil {
		return errClosed
	}
	e.mu.Lock()
	pair := e.held.Load() // Inherit may have changed it
	slot, told := pair.slotOf(epoch).after(answer)
	e.held.Store(place(pair, &slot))
	e.mu.Unlock()
	for _, kind := range told {
		e.emit(kind, slot)
	}
	return slot.err
}

// try reads a key, or makes it where that is allowed.
func (e *Epochs) try(life context.Context, slot epochSlot) epochAnswer {
	ctx, cancel := context.WithTimeout(life, e.cfg.FetchTimeout)
	defer cancel()
	var a epochAnswer
	if slot.mayCreate() {
		a.key, a.created, a.err = e.keys.obtain(ctx, slot.Name)
	} else {
		a.key, a.err = e.keys.Read(ctx, slot.Name)
	}
	return a
}
