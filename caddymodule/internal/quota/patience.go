package quota

import (
	"context"
	"sync/atomic"
	"time"
)

// patience is how long one request has waited for a store so far, in
// nanoseconds.
type patience struct{ used atomic.Int64 }

type patienceKey struct{}

// OneRequest returns a context in which all counting together waits for a store
// in the network no longer than one call would. Without it, each call has the
// whole wait for itself.
func OneRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, patienceKey{}, new(patience))
}

// spend returns how long a call may wait, at most, and what notes when it is
// over.
func spend(ctx context.Context, most time.Duration) (time.Duration, func()) {
	p, ok := ctx.Value(patienceKey{}).(*patience)
	if !ok {
		return most, func() {}
	}
	start := time.Now()
	used := time.Duration(p.used.Load())
	return most - used, func() { p.used.Add(int64(time.Since(start))) }
}
