package quota

import (
	"errors"
	"testing"
)

func TestOnlyFailuresInARowTripTheBreaker(t *testing.T) {
	b := newBreaker(3)
	failure := errors.New("timeout")
	for range 10 {
		b.failed(failure)
		b.failed(failure)
		b.succeeded()
	}
	if b.down.Load() {
		t.Fatal("down after two failures in a row")
	}
	for range 5 { // more than it takes: only one of them trips it
		b.failed(failure)
	}
	if !b.down.Load() || len(b.tripped) != 1 || <-b.tripped != failure {
		t.Error("not down after failures in a row, or not told once with the cause")
	}
	if got := b.failures.Load(); got != 25 {
		t.Errorf("%d failures, want 25", got)
	}
	b.reset()
	b.failed(failure)
	if b.down.Load() {
		t.Error("down after one failure since it was reset")
	}
}
