package audit

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// tryAgainEvery is how long lines are held that could not be written.
const tryAgainEvery = time.Second

// owner is told what becomes of a line that is to be written even if that fails
// at first. The goroutine that writes calls it, so it must not wait.
type owner interface {
	// tried is told of an attempt that failed.
	tried(err error)

	// wanted is asked whether to try again.
	wanted() bool

	// needed is asked whether the line was promised, and is nowhere else. Owners
	// see to it that no more than Options.QueueLength lines are.
	needed() bool

	// ended is told how it ended: nil once the line is durable. Then p may be
	// used again.
	ended(p *pending, err error)
}

// conclude follows each attempt to write the batch.
func (w *writer) conclude(err error) {
	w.tell(err)
	w.announce()
	w.arm()
}

// tell passes on what became of the batch, and empties it.
func (w *writer) tell(err error) {
	for i, p := range w.batch {
		w.batch[i] = nil
		switch {
		case p.owner == nil:
			p.done <- err
		case err == nil:
			p.owner.ended(p, nil)
		default:
			w.hold(p, err)
		}
	}
	w.batch = w.batch[:0]
	switch {
	case len(w.held) == 0:
	case err == nil:
		w.again.Reset(0)
	default:
		w.again.Reset(tryAgainEvery)
	}
}

// hold keeps a line that could not be written. The bound is that of the queue; a
// line that is needed gets a place beyond it, until there are twice as many.
func (w *writer) hold(p *pending, err error) {
	p.owner.tried(err)
	most := w.log.opts.QueueLength
	if !p.owner.wanted() || len(w.held) >= most && !p.owner.needed() {
		p.owner.ended(p, err)
		return
	}
	w.held = append(w.held, p)
	if len(w.held) >= 2*most {
		w.makeRoom(len(w.held)-most, err)
	}
}

// makeRoom gives up the oldest lines that are not needed, up to so many.
func (w *writer) makeRoom(most int, err error) {
	w.held = slices.DeleteFunc(w.held, func(p *pending) bool {
		if most == 0 || p.owner.needed() {
			return false
		}
		most--
		p.owner.ended(p, err)
		return true
	})
}

// tryAgain writes what is held, until that fails.
func (w *writer) tryAgain() {
	left, size := w.held, maxBatch
	w.held = nil
	for len(left) > 0 {
		left = w.refill(left, size)
		err := w.timed(w.append)
		switch {
		case !errors.Is(err, errTooLong):
		case len(w.batch) > 1: // only one line is to blame: go on line by line
			left, size = append(w.batch, left...), 1
			w.batch = nil
			continue
		case len(w.batch) == 1:
			w.abandon(err)
			continue
		}
		w.conclude(err)
		if err != nil {
			w.held = append(w.held, left...)
			return
		}
	}
}

// refill makes a batch of at most so many bytes, but at least of one line. It
// returns what is left.
func (w *writer) refill(left []*pending, most int) []*pending {
	w.batch = w.batch[:0]
	for size := 0; len(left) > 0 && (size == 0 || size+len(left[0].line)+maxEnvelope <= most); left = left[1:] {
		p := left[0]
		if !p.owner.wanted() {
			p.owner.ended(p, ErrUnavailable)
			continue
		}
		w.batch = append(w.batch, p)
		size += len(p.line) + maxEnvelope
	}
	return left
}

// abandon gives up the only line of the batch.
func (w *writer) abandon(err error) {
	p := w.batch[0]
	w.batch = w.batch[:0]
	p.owner.ended(p, err)
	w.problem(fmt.Errorf("a line is lost: %w", err))
}

// giveUp tries once more to write what is held, before the log is closed.
func (w *writer) giveUp() error {
	w.tryAgain()
	w.drain() // what an owner may have queued
	lost := len(w.held)
	for _, p := range w.held {
		p.owner.ended(p, ErrClosed)
	}
	w.held = nil
	if lost > 0 {
		return fmt.Errorf("%w: %d lines that waited are lost", ErrUnavailable, lost)
	}
	return nil
}

// sweep tells the owners of what came into the queue after the writer had ended.
// Whoever puts something there without a look at the gate sweeps too, if the
// writer has ended by then.
func (l *Log) sweep() {
	for {
		select {
		case p := <-l.queue:
			if p.owner == nil {
				p.done <- ErrClosed
				continue
			}
			p.owner.tried(ErrClosed)
			p.owner.ended(p, ErrClosed)
		default:
			return
		}
	}
}
