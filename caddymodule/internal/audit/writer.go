package audit

import "time"

// run is the writer goroutine.
func (l *Log) run() {
	defer close(l.done)
	w := writer{log: l}
	for {
		select {
		case p := <-l.queue:
			w.commit(p)
		case <-l.quit:
			w.drain()
			l.closed = l.sink.Close()
			return
		}
	}
}

// writer keeps the memory of the writer goroutine from batch to batch.
type writer struct {
	log   *Log
	lines []byte
	batch []*pending
}

// commit makes first durable, and with it what else is waiting by now.
func (w *writer) commit(first *pending) {
	w.lines, w.batch = append(w.lines[:0], first.line...), append(w.batch[:0], first)
collect:
	for len(w.lines) < maxBatch-MaxEntry {
		select {
		case p := <-w.log.queue:
			w.lines, w.batch = append(w.lines, p.line...), append(w.batch, p)
		default:
			break collect
		}
	}
	err := w.append()
	for i, p := range w.batch {
		w.batch[i] = nil
		p.done <- err
	}
}

func (w *writer) append() error {
	w.log.appending.Store(int64(max(time.Since(w.log.start), 1)))
	defer w.log.appending.Store(0)
	err := w.log.sink.Append(w.lines)
	w.log.failing.Store(err != nil)
	return err
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
