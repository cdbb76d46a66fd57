package quota

import "sync/atomic"

// breaker remembers whether a store is taken for down. It trips after some
// failures in a row; from then on nobody but a prober uses the store, until the
// prober resets it.
type breaker struct {
	threshold int64
	inARow    atomic.Int64
	failures  atomic.Uint64 // ever
	down      atomic.Bool
	tripped   chan error // wakes the prober with the last failure
}

func newBreaker(threshold int) *breaker {
	return &breaker{threshold: int64(threshold), tripped: make(chan error, 1)}
}

func (b *breaker) failed(cause error) {
	b.failures.Add(1)
	if b.inARow.Add(1) >= b.threshold {
		b.trip(cause)
	}
}

func (b *breaker) trip(cause error) {
	if b.down.CompareAndSwap(false, true) {
		b.tripped <- cause // has room: the prober took the last one before it reset
	}
}

func (b *breaker) succeeded() {
	if b.inARow.Load() != 0 { // spares the write that all processors would wait for
		b.inARow.Store(0)
	}
}

func (b *breaker) reset() {
	b.inARow.Store(0)
	b.down.Store(false)
}
