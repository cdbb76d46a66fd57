package quota

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func newGate(t testing.TB, inFlight, waiting int, wait time.Duration) *Gate {
	t.Helper()
	g, err := NewGate(GateConfig{MaxInFlight: inFlight, MaxWaiting: waiting, MaxWait: wait})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func enter(t testing.TB, g *Gate) func() {
	t.Helper()
	release, err := g.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return release
}

func checkLoad(t testing.TB, g *Gate, wantInFlight, wantWaiting int) {
	t.Helper()
	if inFlight, waiting := g.Load(); inFlight != wantInFlight || waiting != wantWaiting {
		t.Errorf("%d in flight and %d waiting, want %d and %d", inFlight, waiting, wantInFlight, wantWaiting)
	}
}

func TestNoMoreThanTheMaximumAreUnderWay(t *testing.T) {
	const most, requests = 7, 2000
	g := newGate(t, most, requests, time.Minute)
	var inFlight, seen atomic.Int64
	var wg sync.WaitGroup
	for range requests {
		wg.Go(func() {
			release, err := g.Enter(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			for now := inFlight.Add(1); now > seen.Load(); {
				seen.Store(now)
			}
			inFlight.Add(-1)
			release()
		})
	}
	wg.Wait()
	if seen.Load() > most {
		t.Errorf("%d were under way, want %d at most", seen.Load(), most)
	}
	checkLoad(t, g, 0, 0)
}

func TestWhoComesFirstEntersFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, 1, 10, time.Minute)
		release := enter(t, g)
		order := make(chan int, 10)
		for i := range 10 {
			go func() {
				leave := enter(t, g)
				order <- i
				leave()
			}()
			synctest.Wait() // it stands in the queue
		}
		checkLoad(t, g, 1, 10)
		release()
		synctest.Wait()
		close(order)
		var got []int
		for i := range order {
			got = append(got, i)
		}
		if len(got) != 10 || !slices.IsSorted(got) {
			t.Errorf("they entered in the order %v", got)
		}
		checkLoad(t, g, 0, 0)
	})
}

func TestTheQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, 1, 1, time.Minute)
		release := enter(t, g)
		late := make(chan error)
		start := time.Now()
		go func() {
			_, err := g.Enter(t.Context())
			late <- err
		}()
		synctest.Wait()
		if _, err := g.Enter(t.Context()); !errors.Is(err, ErrQueueFull) {
			t.Errorf("a second one in the queue: %v", err)
		}
		if err := <-late; !errors.Is(err, ErrQueueTimeout) || time.Since(start) != time.Minute {
			t.Errorf("the first one in the queue: %v after %v", err, time.Since(start))
		}
		checkLoad(t, g, 1, 0)
		release()
		enter(t, g)() // nobody's place was lost
		checkLoad(t, g, 0, 0)
	})
}

func TestWhoGivesUpLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, 1, 1, time.Minute)
		release := enter(t, g)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := g.Enter(ctx)
			gone <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		checkLoad(t, g, 1, 0)
		release()
		checkLoad(t, g, 0, 0)
	})
}

func TestNobodyWaitsWithoutAQueue(t *testing.T) {
	g := newGate(t, 1, 0, 0)
	defer enter(t, g)()
	if _, err := g.Enter(t.Context()); !errors.Is(err, ErrQueueFull) {
		t.Errorf("got %v", err)
	}
}

func TestANilGateIsOpen(t *testing.T) {
	var g *Gate
	enter(t, g)()
	checkLoad(t, g, 0, 0)
}

func TestUnsoundGatesAreRefused(t *testing.T) {
	for _, config := range []GateConfig{
		{},
		{MaxInFlight: -1},
		{MaxInFlight: 1, MaxWaiting: -1, MaxWait: 1},
		{MaxInFlight: 1, MaxWaiting: 1},
		{MaxInFlight: 1, MaxWait: time.Second},
		{MaxInFlight: 1, MaxWaiting: 1, MaxWait: -1},
	} {
		if _, err := NewGate(config); err == nil {
			t.Errorf("%+v is accepted", config)
		}
	}
}

func BenchmarkGate(b *testing.B) {
	g := newGate(b, 1000, 1, time.Second)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		release, err := g.Enter(ctx)
		if err != nil {
			b.Fatal(err)
		}
		release()
	}
}
