package caddymodule

import (
	"sync"
	"time"
)

// inFlight counts the requests that a config is serving.
type inFlight struct {
	mu      sync.Mutex
	count   int
	drained chan struct{} // closed when the count returns to 0; nil while nobody waits for that
}

func newInFlight() *inFlight { return new(inFlight) }

func (f *inFlight) enter() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
}

func (f *inFlight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count--
	if f.count == 0 && f.drained != nil {
		close(f.drained)
		f.drained = nil
	}
}

// wait returns when no request is left, or after the timeout.
func (f *inFlight) wait(timeout time.Duration) {
	f.mu.Lock()
	if f.count > 0 && f.drained == nil {
		f.drained = make(chan struct{})
	}
	drained := f.drained
	f.mu.Unlock()
	if drained == nil {
		return
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-drained:
	case <-timer.C:
	}
}
