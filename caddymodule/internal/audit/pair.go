package audit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// PairOptions tune a pair. The zero value has the defaults.
type PairOptions struct {
	// OnLagging is told which of the two logs, 0 or 1, begins to miss lines. It
	// is told again only after the log itself says how many it missed. It may be
	// called while a request waits, and must not wait itself. Default: none.
	OnLagging func(log int)
}

// Pair writes to two logs at once, of which one must succeed. It is safe for
// concurrent use.
//
// Each log has its own chain, queue and timeout. The one that is slower, or
// fails, goes on by itself: Options.QueueLength lines wait in its queue, and as
// many that it failed to write, until it can. Beyond that it misses the lines
// that the other one has. They are counted, and the log itself says how many
// they were, in a control line, as soon as it can be written again.
type Pair struct {
	halves    [2]*half
	pool      sync.Pool
	submitted atomic.Int64 // deliveries of Submit that no log has yet
}

var _ Recorder = (*Pair)(nil)

// NewPair makes a pair of two logs. They belong to it from now on.
func NewPair(first, second *Log, opts PairOptions) *Pair {
	if opts.OnLagging == nil {
		opts.OnLagging = func(int) {}
	}
	p := new(Pair)
	for i, log := range []*Log{first, second} {
		p.halves[i] = &half{log: log, onLagging: func() { opts.OnLagging(i) }}
	}
	p.pool.New = func() any { return newDelivery(p) }
	return p
}

// Start starts both logs, and returns nil as soon as one has started. The other
// one starts with the first line that it can write.
func (p *Pair) Start() error {
	started := make(chan error, len(p.halves))
	for _, h := range p.halves {
		go func() { started <- h.log.Start() }()
	}
	var failures []error
	for range p.halves {
		err := <-started
		if err == nil {
			return nil
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// Write returns nil as soon as the entry is durable in one of the logs, and
// otherwise an error that is ErrUnavailable: when both failed, each within its
// own timeout, or when ctx ends. The entry is not kept.
func (p *Pair) Write(ctx context.Context, e *Entry) error {
	d := p.pool.Get().(*delivery)
	d.line = e.AppendJSON(d.line[:0])
	return p.deliver(ctx, d)
}

// Record writes a control line, as Write writes an entry.
func (p *Pair) Record(ctx context.Context, c Control) error {
	d := p.pool.Get().(*delivery)
	d.line = c.appendJSON(d.line[:0])
	return p.deliver(ctx, d)
}

func (p *Pair) deliver(ctx context.Context, d *delivery) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	if len(d.line) > MaxEntry {
		return unavailable(errTooLarge) // d is dropped: the pool keeps no large buffers
	}
	d.begin()
	err := d.await(ctx)
	d.leave(err)
	return err
}

// Submit returns nil as soon as the entry waits for one of the logs to write it,
// and otherwise an error that is ErrUnavailable; see Log.Submit.
func (p *Pair) Submit(e *Entry) error {
	if err := p.mayWait(int(p.submitted.Add(1))); err != nil {
		p.submitted.Add(-1)
		return unavailable(err)
	}
	d := p.pool.Get().(*delivery)
	d.line = e.AppendJSON(d.line[:0])
	if len(d.line) > MaxEntry {
		p.submitted.Add(-1)
		return unavailable(errTooLarge) // d is dropped: the pool keeps no large buffers
	}
	d.submitted = true
	d.begin()
	err := d.refusal()
	d.leave(err)
	return err
}

// mayWait lets one line wait while both logs fail, as Log.mayWait does.
func (p *Pair) mayWait(waiting int) error {
	most := min(p.halves[0].log.opts.QueueLength, p.halves[1].log.opts.QueueLength)
	switch {
	case waiting > most:
		return errFull
	case waiting > 1 && p.Failing():
		return errFailing
	}
	return nil
}

// Close closes both logs. It waits no longer than twice the longer of their
// timeouts. The error is that of either, or of both.
func (p *Pair) Close() error {
	var errs [2]error
	var wg sync.WaitGroup
	for i, h := range p.halves {
		wg.Go(func() { errs[i] = h.close() })
	}
	wg.Wait()
	return errors.Join(errs[:]...)
}

// Failing reports that both logs fail.
func (p *Pair) Failing() bool { return p.halves[0].log.Failing() && p.halves[1].log.Failing() }

// HalfStatus tells how one log of a pair is doing.
type HalfStatus struct {
	// Failing is what its Log.Failing says.
	Failing bool

	// Waiting counts the lines in its queue.
	Waiting int

	// Missed counts the lines that only the other log has, since the start.
	Missed uint64

	// Unrecorded counts those of them that no line of its own speaks of yet.
	Unrecorded uint64
}

// Status tells how the two logs are doing, in the order given to NewPair.
func (p *Pair) Status() (status [2]HalfStatus) {
	for i, h := range p.halves {
		h.mu.Lock()
		status[i] = HalfStatus{h.log.Failing(), len(h.log.queue), h.missed, h.owed.lines}
		h.mu.Unlock()
	}
	return status
}
