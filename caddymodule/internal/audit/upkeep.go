package audit

import "time"

const reasonRetention = "retention"

// rotate begins a new file before a batch, when it is due. What keeps a file
// from being renamed must not keep entries from being written.
func (w *writer) rotate() error {
	opts := &w.log.opts
	size := 0
	for _, p := range w.batch {
		size += len(p.line) + maxEnvelope
	}
	now := time.Now()
	if w.file == nil || w.chain.pending() || now.Before(w.retry) || !w.file.Due(size, opts.MaxSize, opts.MaxAge, now) {
		return nil
	}
	if w.chain.unsigned > 0 && w.chain.signs() {
		if err := w.sign(); err != nil {
			return err
		}
	}
	if err := w.file.Rotate(); err != nil {
		w.retry = now.Add(rotateAgain)
		w.problem(err)
	} else {
		w.upkeep.Reset(0) // a segment more: perhaps one is too old
	}
	return w.ready()
}

// maintain does what is due even when nothing is written.
func (w *writer) maintain() {
	opts := &w.log.opts
	if w.file == nil || opts.MaxAge <= 0 && opts.Retain <= 0 {
		return
	}
	w.problem(w.timed(func() error {
		if err := w.ready(); err != nil {
			return err
		}
		if err := w.rotate(); err != nil {
			return err
		}
		return w.expire()
	}))
	w.announce()
	w.arm()
	w.upkeep.Reset(upkeepEvery)
}

// expire deletes the segments that are too old. The chain says so before: a
// segment that is gone without a tombstone was taken by somebody else.
func (w *writer) expire() error {
	if w.log.opts.Retain <= 0 {
		return nil
	}
	expired, err := w.file.Expired(time.Now().Add(-w.log.opts.Retain))
	if err != nil {
		w.problem(err)
	}
	if len(expired) == 0 {
		return nil
	}
	if err := w.chain.begin(); err != nil {
		return err
	}
	for _, gone := range expired {
		w.chain.put(tombstoneLine{time.Now(), gone, reasonRetention}.appendJSON(nil))
		if err := w.chain.checkpoint(); err != nil {
			return err
		}
	}
	if err := w.flush(); err != nil {
		return err
	}
	w.problem(w.file.Delete(expired))
	return nil
}
