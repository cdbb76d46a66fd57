package credential

import (
	"context"
	"sync"
)

// lifetime ties goroutines to what started them: close ends their context and
// waits until the last one has returned.
type lifetime struct {
	ctx    context.Context //nolint:containedctx // it is the lifetime
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func newLifetime() *lifetime {
	ctx, cancel := context.WithCancel(context.Background())
	return &lifetime{ctx: ctx, cancel: cancel}
}

// spawn runs fn in a goroutine; false means that the lifetime is over.
func (l *lifetime) spawn(fn func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.wg.Go(fn)
	return true
}

func (l *lifetime) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	l.wg.Wait()
}
