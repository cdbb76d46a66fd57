package credential

import (
	"context"
	"time"
)

// backoff is 1 s, 2 s, 4 s ... and limit at most.
func backoff(failures int, limit time.Duration) time.Duration {
	return min(time.Second<<min(failures, 16), limit)
}

// pause waits; false means that ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
