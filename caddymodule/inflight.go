package caddymodule

import (
	"sync"
	"time"
)

// inFlight counts the requests that a config is serving.
type inFlight struct {
	mu      sync.Mutex
	count   int
	drained chan struct{} // closed and renewed whenever the count returns to 0
}

func newInFlight() *inFlight { return &inFlight{drained: make(chan struct{})} }

func (f *inFlight) enter() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
}

func (f *inFlight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count--
	if f.count == 0 {
		close(f.drained)
		f.drained = make(chan struct{})
	}
}

// wait returns when no request is left, or after the timeout.
func (f *inFlight) wait(timeout time.Duration) {
	f.mu.Lock()
	none, drained := f.count == 0, f.drained
	f.mu.Unlock()
	if none {
		return
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-drained:
	case <-timer.C:
	}
}
