package quota

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"
)

// clock is a clock that a test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

func newBackoff(t testing.TB, config BackoffConfig) (*Backoff, *clock, *[]Lockout) {
	t.Helper()
	c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	var told []Lockout
	config.Now = c.Now
	config.OnLockout = func(l Lockout) { told = append(told, l) }
	b, err := NewBackoff(config)
	if err != nil {
		t.Fatal(err)
	}
	return b, c, &told
}

// failTimes fails n times and returns the last answer.
func failTimes(b *Backoff, key string, n int) (locked time.Duration) {
	for range n {
		locked = b.Fail(key)
	}
	return locked
}

func TestLockoutsDoubleUpToTheMaximum(t *testing.T) {
	b, c, told := newBackoff(t, BackoffConfig{Threshold: 3, Base: time.Minute, Max: 6 * time.Minute, Quiet: time.Hour})
	for i, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 6 * time.Minute, 6 * time.Minute} {
		if got := failTimes(b, "a", 2); got != 0 || b.Locked("a") != 0 {
			t.Fatalf("lockout %d: locked below the threshold", i+1)
		}
		if got := b.Fail("a"); got != want || b.Locked("a") != want {
			t.Fatalf("lockout %d: locked for %v, want %v", i+1, got, want)
		}
		c.advance(want / 2)
		if got := failTimes(b, "a", 10); got != want-want/2 {
			t.Fatalf("lockout %d: failures change the time left to %v", i+1, got)
		}
		c.advance(want - want/2)
		if got := b.Locked("a"); got != 0 {
			t.Fatalf("lockout %d: still locked for %v", i+1, got)
		}
	}
	if len(*told) != 5 {
		t.Fatalf("told %d times, want once for each lockout", len(*told))
	}
	if got, want := (*told)[2], (Lockout{Key: "a", For: 4 * time.Minute, InARow: 3}); got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
	if b.Locked("b") != 0 {
		t.Error("another key is locked out")
	}
}

func TestOldFailuresDoNotCount(t *testing.T) {
	b, c, _ := newBackoff(t, BackoffConfig{Threshold: 3, Window: time.Minute})
	failTimes(b, "a", 2)
	c.advance(time.Minute)
	if got := failTimes(b, "a", 2); got != 0 {
		t.Errorf("locked for %v by failures of two windows", got)
	}
	if got := b.Fail("a"); got != time.Minute {
		t.Errorf("locked for %v, want a minute", got)
	}
}

func TestQuietTimeUndoesLockouts(t *testing.T) {
	for _, tt := range []struct {
		quiet time.Duration
		want  time.Duration
	}{
		{59 * time.Minute, 8 * time.Minute},
		{time.Hour, 4 * time.Minute},
		{2 * time.Hour, 2 * time.Minute},
		{3 * time.Hour, time.Minute},
		{1000 * time.Hour, time.Minute},
	} {
		b, c, _ := newBackoff(t, BackoffConfig{Threshold: 1})
		for range 3 {
			c.advance(b.Fail("a"))
		}
		c.advance(tt.quiet)
		if got := b.Fail("a"); got != tt.want {
			t.Errorf("after %v: locked for %v, want %v", tt.quiet, got, tt.want)
		}
	}
}

func TestAFloodOfKeysFreesNobody(t *testing.T) {
	const keys = 100
	b, c, _ := newBackoff(t, BackoffConfig{Threshold: 2, MaxKeys: keys})
	for i := range keys - 1 {
		failTimes(b, fmt.Sprint("locked ", i), 2)
	}
	for i := range 10 * keys {
		b.Fail(fmt.Sprint("flood ", i))
	}
	if len(b.offenders) > keys {
		t.Fatalf("%d keys are kept", len(b.offenders))
	}
	for i := range keys - 1 {
		if b.Locked(fmt.Sprint("locked ", i)) == 0 {
			t.Fatalf("key %d was freed", i)
		}
	}
	c.advance(3 * time.Hour)
	b.Fail("new")
	if len(b.offenders) != 1 {
		t.Errorf("%d keys are kept after their time", len(b.offenders))
	}
}

func TestWhereAllAreLockedOutNoNewKeyIsWatched(t *testing.T) {
	b, _, told := newBackoff(t, BackoffConfig{Threshold: 1, MaxKeys: 3})
	for i := range 5 {
		b.Fail(fmt.Sprint(i))
	}
	if len(*told) != 3 || b.Locked("0") == 0 || b.Locked("4") != 0 {
		t.Errorf("told %+v", *told)
	}
}

func TestOneLockoutIsToldOnceUnderContention(t *testing.T) {
	var mu sync.Mutex
	told := 0
	b, err := NewBackoff(BackoffConfig{Threshold: 50, OnLockout: func(Lockout) {
		mu.Lock()
		defer mu.Unlock()
		told++
	}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			b.Fail("a")
			b.Locked("a")
		})
	}
	wg.Wait()
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

func TestLongLockoutsDoNotOverflow(t *testing.T) {
	b, c, _ := newBackoff(t, BackoffConfig{Threshold: 1, Base: time.Hour, Max: math.MaxInt64, Quiet: math.MaxInt64})
	last := time.Duration(0)
	for range 25 {
		got := b.Fail("a")
		if got < last || got < time.Hour {
			t.Fatalf("locked for %v after %v", got, last)
		}
		last = got
		c.advance(got)
	}
	if last != math.MaxInt64 {
		t.Errorf("the longest lockout is %v", last)
	}
}

func TestUnsoundBackoffsAreRefused(t *testing.T) {
	for _, config := range []BackoffConfig{
		{Threshold: -1}, {MaxKeys: -1}, {Window: -1}, {Base: -1}, {Quiet: -1}, {Base: time.Hour, Max: time.Minute},
	} {
		if _, err := NewBackoff(config); err == nil {
			t.Errorf("%+v is accepted", config)
		}
	}
}

func BenchmarkBackoffLocked(b *testing.B) {
	o, err := NewBackoff(BackoffConfig{})
	if err != nil {
		b.Fatal(err)
	}
	failTimes(o, "192.0.2.1", 5)
	b.ReportAllocs()
	for b.Loop() {
		if o.Locked("192.0.2.1") != 0 {
			b.Fatal("locked")
		}
	}
}
