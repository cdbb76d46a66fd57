package quota

import (
	"context"
	"sync"
)

// Gates are one Gate for each key, such as each caller. A gate is there as long as
// somebody is in it or waits, so as many as there are requests under way. Gates
// are safe for concurrent use; nil Gates let everybody through.
type Gates struct {
	config GateConfig

	mu   sync.Mutex
	open map[string]*sharedGate
}

type sharedGate struct {
	gate  *Gate
	users int
}

// NewGates returns gates of one config, which it checks as NewGate does.
func NewGates(config GateConfig) (*Gates, error) {
	if _, err := NewGate(config); err != nil {
		return nil, err
	}
	return &Gates{config: config, open: make(map[string]*sharedGate)}, nil
}

// Enter is Gate.Enter for the gate of a key.
func (g *Gates) Enter(ctx context.Context, key string) (release func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	shared, err := g.join(key)
	if err != nil {
		return nil, err
	}
	leave, err := shared.gate.Enter(ctx)
	if err != nil {
		g.part(key, shared)
		return nil, err
	}
	return func() { leave(); g.part(key, shared) }, nil
}

func (g *Gates) join(key string) (*sharedGate, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	shared := g.open[key]
	if shared == nil {
		gate, err := NewGate(g.config)
		if err != nil {
			return nil, err
		}
		shared = &sharedGate{gate: gate}
		g.open[key] = shared
	}
	shared.users++
	return shared, nil
}

func (g *Gates) part(key string, shared *sharedGate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if shared.users--; shared.users == 0 {
		delete(g.open, key)
	}
}

// Load is the sum of Gate.Load over all keys.
func (g *Gates) Load() (inFlight, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, shared := range g.open {
		in, queued := shared.gate.Load()
		inFlight, waiting = inFlight+in, waiting+queued
	}
	return inFlight, waiting
}
