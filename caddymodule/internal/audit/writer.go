package audit

import (
	"errors"
	"time"
)

// run is the writer goroutine.
func (l *Log) run() {
	defer l.sweep()
	defer close(l.done)
	w := newWriter(l)
	defer w.stop()
	for {
		select {
		case p := <-l.queue:
			w.commit(p)
		case <-w.sealing.C:
			_ = w.seal() // OnProblem was told
		case <-w.upkeep.C:
			w.maintain()
		case <-w.again.C:
			w.tryAgain()
		case <-l.quit:
			w.drain()
			l.closed = errors.Join(w.giveUp(), w.seal(), l.sink.Close())
			return
		}
	}
}

// writer keeps the state of the writer goroutine.
type writer struct {
	log   *Log
	file  *fileSink // the log's sink, if that is a file
	batch []*pending
	chain chain
	notes []string // durable checkpoints, to be announced

	sealing *time.Timer // when lines are due to be signed
	armed   bool        // sealing runs
	upkeep  *time.Timer // when segments are to be looked after
	started bool        // upkeep has been done
	retry   time.Time   // no rotation is tried before

	held  []*pending  // lines with an owner, left over by writes that failed
	again *time.Timer // when they are due to be tried again
}

const (
	// upkeepEvery is how often segments are looked after when nothing is written.
	upkeepEvery = time.Hour

	// rotateAgain is how long a rotation that failed is left alone.
	rotateAgain = time.Minute
)

func newWriter(l *Log) *writer {
	w := &writer{log: l, chain: chain{opts: &l.opts}, sealing: stoppedTimer(), upkeep: stoppedTimer(), again: stoppedTimer()}
	w.file, _ = l.sink.(*fileSink)
	return w
}

func stoppedTimer() *time.Timer {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return timer
}

func (w *writer) stop() {
	w.sealing.Stop()
	w.upkeep.Stop()
	w.again.Stop()
}

// commit makes first durable, and with it what else is waiting by now.
func (w *writer) commit(first *pending) {
	w.batch = append(w.batch[:0], first)
	size := len(first.line)
collect:
	for size < maxBatch-MaxEntry {
		select {
		case p := <-w.log.queue:
			w.batch = append(w.batch, p)
			size += len(p.line) + maxEnvelope
		default:
			break collect
		}
	}
	err := w.timed(w.append)
	w.conclude(err)
	if !w.started && err == nil {
		w.started = true
		w.maintain()
	}
}

// timed runs an attempt to write, so that others see whether it hangs or fails.
// That it works again, only lines that were written show.
func (w *writer) timed(attempt func() error) error {
	w.log.appending.Store(int64(max(time.Since(w.log.start), 1)))
	defer w.log.appending.Store(0)
	err := attempt()
	if err != nil {
		w.log.failing.Store(true)
	}
	return err
}

// append makes the batch durable. When the file was removed under it, it writes
// the lines once more to a new one.
func (w *writer) append() error {
	err := w.appendOnce()
	if errors.Is(err, errRemoved) {
		err = w.appendOnce()
	}
	return err
}

func (w *writer) appendOnce() error {
	if err := w.ready(); err != nil {
		return err
	}
	if err := w.rotate(); err != nil {
		return err
	}
	if err := w.chain.begin(); err != nil {
		return err
	}
	for _, p := range w.batch {
		if err := w.chain.add(p.line); err != nil {
			return err
		}
	}
	return w.flush()
}

func (w *writer) ready() error {
	end, moved, err := w.log.sink.Ready()
	if err == nil && moved {
		w.chain.resume(end)
	}
	return err
}

// flush makes the lines of the chain durable that were added since its begin.
func (w *writer) flush() error {
	if len(w.chain.lines) == 0 {
		return nil
	}
	n, err := w.log.sink.Append(w.chain.lines)
	if err != nil {
		w.chain.failed(n)
		return err
	}
	w.log.failing.Store(false)
	if w.file != nil && w.file.head.seq == 0 {
		w.file.head = w.chain.head()
	}
	w.notes = append(w.notes, w.chain.succeeded()...)
	return nil
}

// announce hands out the checkpoints that are durable, once nobody waits.
func (w *writer) announce() {
	for i, note := range w.notes {
		w.log.opts.OnCheckpoint(note)
		w.notes[i] = ""
	}
	w.notes = w.notes[:0]
}

func (w *writer) drain() {
	for {
		select {
		case p := <-w.log.queue:
			w.commit(p)
		default:
			return
		}
	}
}

// arm sees to it that what was written is signed in time.
func (w *writer) arm() {
	if w.chain.unsigned > 0 && w.chain.signs() && !w.armed {
		w.armed = true
		w.sealing.Reset(w.log.opts.CheckpointEvery)
	}
}

// seal signs what was written since the last checkpoint.
func (w *writer) seal() error {
	w.armed = false
	if w.chain.unsigned == 0 || !w.chain.signs() {
		return nil
	}
	err := w.timed(func() error {
		if err := w.ready(); err != nil {
			return err
		}
		return w.sign()
	})
	w.problem(err)
	w.announce()
	w.arm()
	return err
}

// sign writes a checkpoint if there is anything to sign.
func (w *writer) sign() error {
	if err := w.chain.begin(); err != nil {
		return err
	}
	if err := w.chain.checkpoint(); err != nil {
		return err
	}
	return w.flush()
}

func (w *writer) problem(err error) {
	if err != nil {
		w.log.opts.OnProblem(err)
	}
}
