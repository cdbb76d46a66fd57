package audit

import "errors"

var (
	errFull    = errors.New("too many entries wait")
	errFailing = errors.New("entries that wait cannot be written")
)

// Submit returns nil as soon as the entry waits to be written, and otherwise an
// error that is ErrUnavailable: when as many wait as Options.QueueLength says,
// or when those that wait cannot be written. It never waits itself. The entry is
// not kept.
//
// A failed write loses no entry that waits: all are tried again, every second,
// so that one may turn up twice. They are lost when the process ends otherwise
// than by Close, or when they still cannot be written then; the error of Close
// counts them.
func (l *Log) Submit(e *Entry) error {
	waiting := l.submitted.Add(1)
	err := l.mayWait(int(waiting))
	if err == nil {
		err = l.enqueue(e)
	}
	if err != nil {
		l.submitted.Add(-1)
	}
	return err
}

// mayWait lets one line wait in a failing log: it finds out whether the log
// works again.
func (l *Log) mayWait(waiting int) error {
	switch {
	case l.hangs():
		return unavailable(errHangs)
	case waiting > l.opts.QueueLength:
		return unavailable(errFull)
	case waiting > 1 && l.failing.Load():
		return unavailable(errFailing)
	}
	return nil
}

func (l *Log) enqueue(e *Entry) error {
	p := l.pool.Get().(*pending)
	p.timer.Stop()
	p.owner = (*submitter)(l)
	p.line = e.AppendJSON(p.line[:0])
	if len(p.line) > MaxEntry {
		return unavailable(errTooLarge) // p is dropped: the pool keeps no large buffers
	}
	err := l.offer(p)
	if err != nil {
		(*submitter)(l).recycle(p)
	}
	return err
}

// offer puts p into the queue if there is room. What the queue took is written,
// or its owner told, before the writer ends.
func (l *Log) offer(p *pending) error {
	l.gate.RLock()
	defer l.gate.RUnlock()
	select {
	case <-l.quit:
		return ErrClosed
	default:
	}
	select {
	case l.queue <- p:
		return nil
	default:
		return unavailable(errFull)
	}
}

// shut tells the writer to end, once nobody is offering anything.
func (l *Log) shut() {
	l.gate.Lock()
	defer l.gate.Unlock()
	close(l.quit)
}

// submitter owns the lines that Submit took.
type submitter Log

func (s *submitter) tried(error) {}

func (s *submitter) wanted() bool { return true }

func (s *submitter) needed() bool { return true }

func (s *submitter) ended(p *pending, _ error) {
	s.recycle(p)
	s.submitted.Add(-1)
}

func (s *submitter) recycle(p *pending) {
	p.owner = nil
	s.pool.Put(p)
}
