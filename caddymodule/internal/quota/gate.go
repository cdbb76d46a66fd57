package quota

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

var (
	// ErrQueueFull means that as many requests wait at a gate as may.
	ErrQueueFull = errors.New("too many requests are waiting")

	// ErrQueueTimeout means that a request waited at a gate as long as it may.
	ErrQueueTimeout = errors.New("waited too long for other requests to end")
)

// Gate bounds how many requests of a caller or to a provider are under way at a
// time, so that a slow provider cannot fill the memory. Who does not fit waits,
// first come first served. A Gate is safe for concurrent use; a nil Gate lets
// everybody through.
type Gate struct {
	config GateConfig
	leave  func() // made once, so that entering allocates nothing

	mu       sync.Mutex
	inFlight int
	waiting  list.List // of channels, closed when it is their turn
}

// GateConfig bounds a Gate.
type GateConfig struct {
	// MaxInFlight is how many requests may be under way, 1 or more.
	MaxInFlight int

	// MaxWaiting is how many more may wait, each for MaxWait; 0 for none.
	MaxWaiting int
	MaxWait    time.Duration
}

// NewGate returns an open gate.
func NewGate(config GateConfig) (*Gate, error) {
	switch {
	case config.MaxInFlight < 1:
		return nil, errors.New("a gate must let one request through at least")
	case config.MaxWaiting < 0 || config.MaxWait < 0:
		return nil, errors.New("a gate's queue must not be negative")
	case (config.MaxWaiting > 0) != (config.MaxWait > 0):
		return nil, errors.New("a gate's queue needs both a length and a longest wait")
	}
	g := &Gate{config: config}
	g.leave = g.letNextIn
	return g, nil
}

// Enter waits for a place and returns what gives it free, to be called once. It
// fails with ErrQueueFull, ErrQueueTimeout, or the error of an ended ctx.
func (g *Gate) Enter(ctx context.Context) (release func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	g.mu.Lock()
	// Places are handed on to those who wait: a free one is nobody's.
	if g.inFlight < g.config.MaxInFlight {
		g.inFlight++
		g.mu.Unlock()
		return g.leave, nil
	}
	if g.waiting.Len() >= g.config.MaxWaiting {
		g.mu.Unlock()
		return nil, ErrQueueFull
	}
	turn := make(chan struct{})
	place := g.waiting.PushBack(turn)
	g.mu.Unlock()
	return g.wait(ctx, turn, place)
}

func (g *Gate) wait(ctx context.Context, turn <-chan struct{}, place *list.Element) (func(), error) {
	timeout := time.NewTimer(g.config.MaxWait)
	defer timeout.Stop()
	var err error
	select {
	case <-turn:
		return g.leave, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timeout.C:
		err = ErrQueueTimeout
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-turn: // it came at the last moment
		return g.leave, nil
	default:
		g.waiting.Remove(place)
		return nil, err
	}
}

func (g *Gate) letNextIn() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if first := g.waiting.Front(); first != nil {
		close(g.waiting.Remove(first).(chan struct{}))
		return
	}
	if g.inFlight == 0 {
		panic("quota: a place at a gate was given free twice")
	}
	g.inFlight--
}

// Load returns how many requests are under way, and how many wait.
func (g *Gate) Load() (inFlight, waiting int) {
	if g == nil {
		return 0, 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight, g.waiting.Len()
}
