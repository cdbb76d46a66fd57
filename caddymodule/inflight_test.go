package caddymodule

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestOldConfigWaitsForItsRequests(t *testing.T) {
	const takes, timeout = time.Second, time.Minute
	for name, tt := range map[string]struct {
		requests, finished int
		want               time.Duration
	}{
		"none":       {0, 0, 0},
		"all finish": {2, 2, 2 * takes},
		"one hangs":  {2, 1, timeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newInFlight()
				for range tt.requests {
					f.enter()
				}
				go func() {
					for range tt.finished {
						time.Sleep(takes)
						f.leave()
					}
				}()
				start := time.Now()
				for range 2 { // configs can wait at a time
					go f.wait(timeout)
				}
				f.wait(timeout)
				if took := time.Since(start); took != tt.want {
					t.Errorf("waited %s, want %s", took, tt.want)
				}
			})
		})
	}
}
