package alert

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The defaults of a hub.
const (
	DefaultInterval    = time.Minute
	DefaultQueueLength = 256
)

// HubOptions tune a hub. The zero value has the defaults.
type HubOptions struct {
	// Interval is the least time between two deliveries of like events.
	// Default: DefaultInterval.
	Interval time.Duration

	// SameBy lists the attributes that make events unlike each other; the name
	// always does. Default: provider, caller and client_ip.
	SameBy []string

	// QueueLength bounds the events that wait for delivery. Default:
	// DefaultQueueLength.
	QueueLength int

	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Hub delivers events. It is safe for concurrent use.
//
// The first of like events is delivered at once. Those that follow are held
// back, and told about once an interval by the latest of them, with their
// count. Of one name, 64 unlike events are told apart at a time; the rest of
// them count as like. So whoever can cause events, say from many addresses,
// causes a bounded number of deliveries.
type Hub struct {
	interval time.Duration
	now      func() time.Time
	dropped  atomic.Uint64

	mu     sync.Mutex // guards what follows, and sending to queue
	recent *recent
	closed bool
	queue  chan Event

	deliver   func(Event)
	quit      chan struct{} // closed by Close
	done      chan struct{} // closed when the last delivery has ended
	abandoned atomic.Bool   // Close has given up: deliver nothing more
}

// NewHub returns a hub that hands events to deliver, one at a time. deliver may
// take its time; while it does, events wait in a bounded queue.
func NewHub(deliver func(Event), opts HubOptions) *Hub {
	if opts.Interval <= 0 {
		opts.Interval = DefaultInterval
	}
	if opts.SameBy == nil {
		opts.SameBy = []string{AttrProvider, AttrCaller, AttrClientIP}
	}
	if opts.QueueLength <= 0 {
		opts.QueueLength = DefaultQueueLength
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	h := &Hub{
		interval: opts.Interval,
		now:      opts.Now,
		recent:   newRecent(opts.SameBy),
		queue:    make(chan Event, opts.QueueLength),
		deliver:  deliver,
		quit:     make(chan struct{}),
		done:     make(chan struct{}),
	}
	go h.deliverQueued()
	go h.flushUntilClosed()
	return h
}

// Emit takes an event and returns at once. An event that finds the queue full
// is held back like a repetition, and counted by Dropped.
func (h *Hub) Emit(e Event) {
	now := h.now()
	if e.At.IsZero() {
		e.At = now
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		h.dropped.Add(1)
		return
	}
	g := h.recent.group(e)
	if g == nil {
		h.dropped.Add(1)
		return
	}
	g.hold(e)
	if !now.Before(g.until) {
		h.send(g, now)
	}
}

// Dropped returns how often an event was not delivered when it should have
// been: the queue was full, the hub closed, its names exhausted, or deliver
// panicked.
func (h *Hub) Dropped() uint64 { return h.dropped.Load() }

// send queues what a group holds back and starts its next interval. The caller
// holds the lock.
func (h *Hub) send(g *group, now time.Time) {
	g.until = now.Add(h.interval)
	e := g.latest
	e.Suppressed = g.held - 1 // the latest one stands for itself
	select {
	case h.queue <- e:
		g.held, g.latest = 0, Event{}
	default:
		h.dropped.Add(1) // held until the next interval
	}
}

// flush sends what groups hold back beyond their interval, or all of it.
func (h *Hub) flush(all bool) {
	now := h.now()
	h.recent.each(func(g *group) (keep bool) {
		if !all && now.Before(g.until) {
			return true
		}
		if g.held == 0 {
			return false
		}
		h.send(g, now)
		return true
	})
}

func (h *Hub) flushUntilClosed() {
	ticker := time.NewTicker(max(h.interval/4, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-h.quit:
			return
		case <-ticker.C:
			h.mu.Lock()
			if !h.closed {
				h.flush(false)
			}
			h.mu.Unlock()
		}
	}
}

func (h *Hub) deliverQueued() {
	defer close(h.done)
	for e := range h.queue {
		if h.abandoned.Load() {
			h.dropped.Add(1)
			continue
		}
		h.deliverOne(e)
	}
}

// deliverOne keeps a fault in the delivery of alerts from ending the process
// that the alerts are about.
func (h *Hub) deliverOne(e Event) {
	defer func() {
		if recover() != nil {
			h.dropped.Add(1)
		}
	}()
	h.deliver(e)
}

// Close takes no more events, tells about those held back, and waits for the
// deliveries until ctx ends; then what is still queued is dropped. Close may be
// called more than once.
func (h *Hub) Close(ctx context.Context) error {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		h.flush(true)
		close(h.queue)
		close(h.quit)
	}
	h.mu.Unlock()
	select {
	case <-h.done:
		return nil
	case <-ctx.Done():
		h.abandoned.Store(true)
		return fmt.Errorf("%w: %w", errAbandoned, context.Cause(ctx))
	}
}

var errAbandoned = errors.New("alerts left undelivered")
