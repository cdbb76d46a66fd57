package audit

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// delivery is one line on its way to both logs of a pair. Whoever asked for it
// and both logs share it: the last one to let it go puts it back into the pool.
type delivery struct {
	pair      *Pair
	line      []byte
	parts     [2]part
	timers    [2]*time.Timer
	words     chan word // has room for all words about one delivery
	submitted bool      // nobody waits

	holders  atomic.Int32 // who has not let it go
	open     atomic.Int32 // logs of which it is not known whether they have it
	saved    atomic.Bool  // see save
	unwanted atomic.Bool  // the request was refused: no log needs to try again
}

// part is one log's part of a delivery; it owns the line there.
type part struct {
	pending

	delivery *delivery
	at       int // which log
	has      atomic.Bool
	told     bool // of a failure; kept by the log's writer

	// These are kept by who asked.
	queued bool  // the log took it
	failed error // why the log is not waited for
}

// word is what a waiting request is told.
type word struct {
	at  int
	err error // nil: the log has it
}

func newDelivery(p *Pair) *delivery {
	d := &delivery{pair: p, words: make(chan word, 4)} // each log: it failed, and has written it after all
	for i := range d.parts {
		d.parts[i].delivery, d.parts[i].at = d, i
		d.parts[i].owner = &d.parts[i]
		d.timers[i] = stoppedTimer()
	}
	return d
}

// begin offers the line to both logs.
func (d *delivery) begin() {
	d.holders.Store(3)
	d.open.Store(2)
	for i := range d.parts {
		part, log := &d.parts[i], d.log(i)
		part.line, part.told, part.failed = d.line, false, nil
		err := log.offer(&part.pending)
		part.queued = err == nil
		switch {
		case errors.Is(err, ErrClosed):
			part.failed = err
		case log.hangs():
			part.failed = errHangs
		}
	}
}

func (d *delivery) log(at int) *Log { return d.pair.halves[at].log }

// await waits until one log has the line, or both failed.
func (d *delivery) await(ctx context.Context) error {
	for i, timer := range d.timers {
		timer.Reset(d.log(i).opts.Timeout)
	}
	err := d.listen(ctx)
	for _, timer := range d.timers {
		timer.Stop()
	}
	return err
}

func (d *delivery) listen(ctx context.Context) error {
	first, second := &d.parts[0], &d.parts[1]
	for first.failed == nil || second.failed == nil {
		select {
		case said := <-d.words:
			if said.err == nil {
				return nil
			}
			d.parts[said.at].failed = said.err
		case first.room() <- &first.pending:
			first.wasQueued()
		case second.room() <- &second.pending:
			second.wasQueued()
		case <-d.timers[0].C:
			first.failed = errTimeout
		case <-d.timers[1].C:
			second.failed = errTimeout
		case <-ctx.Done():
			return unavailable(ctx.Err())
		}
	}
	return unavailable(errors.Join(first.failed, second.failed))
}

// room is where to wait for room in a log whose queue was full. That is done
// only when the other log cannot be relied on: when it failed, or is full too.
func (p *part) room() chan<- *pending {
	other := &p.delivery.parts[1-p.at]
	if p.queued || p.failed != nil || other.queued && other.failed == nil {
		return nil
	}
	return p.delivery.log(p.at).queue
}

// wasQueued follows when there was room. The log may have been closed meanwhile.
func (p *part) wasQueued() {
	p.queued = true
	log := p.delivery.log(p.at)
	select {
	case <-log.done:
		log.sweep()
	default:
	}
}

// refusal is why neither log took the line; nil if one did.
func (d *delivery) refusal() error {
	if d.parts[0].queued || d.parts[1].queued {
		return nil
	}
	for i := range d.parts {
		if d.parts[i].failed == nil {
			return unavailable(errFull)
		}
	}
	return unavailable(errors.Join(d.parts[0].failed, d.parts[1].failed))
}

// leave lets the delivery go, for who asked for it and for the logs that did not
// take it.
func (d *delivery) leave(err error) {
	if err != nil {
		d.unwanted.Store(true)
	}
	for i := range d.parts {
		if !d.parts[i].queued {
			d.settle()
			d.release()
		}
	}
	d.release()
}

// settle notes that one log more has the line, or never will.
func (d *delivery) settle() {
	if d.open.Add(-1) > 0 {
		return
	}
	first, second := d.parts[0].has.Load(), d.parts[1].has.Load()
	switch {
	case first && !second:
		d.pair.halves[1].miss()
	case second && !first:
		d.pair.halves[0].miss()
	case !first:
		d.save()
	}
}

// save notes that a submitted line waits no more: a log has it, or none will.
func (d *delivery) save() {
	if d.submitted && d.saved.CompareAndSwap(false, true) {
		d.pair.submitted.Add(-1)
	}
}

func (d *delivery) release() {
	if d.holders.Add(-1) > 0 {
		return
	}
	for len(d.words) > 0 {
		<-d.words
	}
	for i := range d.parts {
		d.parts[i].has.Store(false)
	}
	d.submitted = false
	d.saved.Store(false)
	d.unwanted.Store(false)
	d.pair.pool.Put(d)
}

func (p *part) tried(err error) {
	if !p.told {
		p.told = true
		p.delivery.words <- word{p.at, err}
	}
}

func (p *part) wanted() bool { return !p.delivery.unwanted.Load() }

func (p *part) needed() bool { return p.delivery.submitted && !p.delivery.saved.Load() }

func (p *part) ended(_ *pending, err error) {
	d := p.delivery
	if err == nil {
		p.has.Store(true)
		d.save()
		d.words <- word{p.at, nil}
	}
	d.settle()
	if err == nil {
		d.pair.halves[p.at].admit()
	}
	d.release()
}
