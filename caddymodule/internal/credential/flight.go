package credential

import (
	"context"
	"sync"
)

// flight lets everybody who wants the same thing at the same time share one run
// of it. The run does not end with the caller who began it, only with the
// lifetime.
type flight struct {
	mu      sync.Mutex
	current *run
}

// run is one shared run.
type run struct {
	done chan struct{}
	err  error // readable once done is closed
}

// join returns the run under way. Where there is none it begins one, if begin
// agrees (nil always does). It returns nil if begin does not agree.
func (f *flight) join(life *lifetime, begin func() bool, fn func(ctx context.Context) error) (r *run, began bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current != nil {
		return f.current, false
	}
	if begin != nil && !begin() {
		return nil, false
	}
	r = &run{done: make(chan struct{})}
	f.current = r
	started := life.spawn(func() {
		err := fn(life.ctx)
		f.mu.Lock()
		f.current = nil
		f.mu.Unlock()
		r.err = err
		close(r.done)
	})
	if !started {
		f.current = nil
		r.err = errClosed
		close(r.done)
	}
	return r, true
}

// wait waits for the run's end or for the end of ctx.
func (r *run) wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	default:
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
