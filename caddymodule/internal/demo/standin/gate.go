package main

import (
	"net/http"
	"sync"
)

// gate stands before a provider and can hold a request there, so that a test
// knows of a request that is in flight and decides when it goes on.
type gate struct {
	next http.Handler

	mu      sync.Mutex
	armed   bool          // the next request is to be held
	held    int           // requests that wait now
	release chan struct{} // closed to let them go
}

func newGate(next http.Handler) *gate { return &gate{next: next, release: make(chan struct{})} }

// ServeHTTP passes a request on, at once or when it is let go.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if release := g.enter(); release != nil {
		select {
		case <-release:
			g.leave()
		case <-r.Context().Done():
			g.leave()
			panic(http.ErrAbortHandler) // nobody is there to answer
		}
	}
	g.next.ServeHTTP(w, r)
}

// enter returns what to wait for; nil for nothing.
func (g *gate) enter() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.armed {
		return nil
	}
	g.armed = false
	g.held++
	return g.release
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held--
}

// arm makes the next request wait.
func (g *gate) arm() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed = true
}

// open lets go of what waits, and of a request that was to wait.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed = false
	close(g.release)
	g.release = make(chan struct{})
}

func (g *gate) holding() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held
}
