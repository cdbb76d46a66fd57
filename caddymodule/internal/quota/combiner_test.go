package quota

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestConcurrentAdditionsGoOutTogetherAndKeepTheirCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []int64
		total := int64(0)
		c := newCombiner(time.Minute, func(_ context.Context, rounds []*round) {
			time.Sleep(time.Second)
			for _, r := range rounds {
				sent = append(sent, r.total)
				total += r.total
				r.count, r.previous = total, 77
			}
		})
		id := counterID{pseudonym: "a"}
		var mu sync.Mutex
		var counts []int64
		var wg sync.WaitGroup
		for i := range int64(5) {
			wg.Go(func() {
				count, previous, err := c.join([]addition{{id, i + 1}})[0].result(t.Context())
				if err != nil || previous != 77 {
					t.Errorf("%d, %v", previous, err)
				}
				mu.Lock()
				defer mu.Unlock()
				counts = append(counts, count)
			})
			synctest.Wait() // in this order
		}
		wg.Wait()
		slices.Sort(counts)
		if !slices.Equal(sent, []int64{1, 2 + 3 + 4 + 5}) || !slices.Equal(counts, []int64{1, 3, 6, 10, 15}) {
			t.Errorf("sent %v, counted %v", sent, counts)
		}
		synctest.Wait()
		if len(c.next) != 0 {
			t.Errorf("%d counters are still held", len(c.next))
		}
	})
}

func TestCountersOfDifferentRequestsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCombiner(time.Minute, func(context.Context, []*round) { time.Sleep(time.Second) })
		start := time.Now()
		a, b := c.join(one("a")), c.join(one("b"))
		for _, part := range append(a, b...) {
			if _, _, err := part.result(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("two counters took %v", took)
		}
	})
}

// TestWhatOneRequestAddsGoesOutTogether: but for a counter that is busy, which
// goes out as soon as it is free.
func TestWhatOneRequestAddsGoesOutTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []string
		c := newCombiner(time.Minute, func(_ context.Context, rounds []*round) {
			names := ""
			for _, r := range rounds {
				names += r.id.pseudonym
				r.count = r.total
			}
			mu.Lock()
			sent = append(sent, names)
			mu.Unlock()
			time.Sleep(time.Second)
		})
		start := time.Now()
		c.join(one("b"))
		synctest.Wait()
		parts := c.join([]addition{one("a")[0], one("b")[0], one("c")[0], one("a")[0]})
		for i, want := range []int64{1, 1, 1, 2} {
			if count, _, err := parts[i].result(t.Context()); count != want || err != nil {
				t.Errorf("part %d: %d, %v", i+1, count, err)
			}
		}
		synctest.Wait()
		if took := time.Since(start); took != 2*time.Second || !slices.Equal(sent, []string{"b", "ac", "b"}) {
			t.Errorf("sent %v in %v", sent, took)
		}
		if len(c.next) != 0 {
			t.Errorf("%d counters are still held", len(c.next))
		}
	})
}

// one adds one to a counter.
func one(pseudonym string) []addition { return []addition{{counterID{pseudonym: pseudonym}, 1}} }

func TestEachRequestWaitsOnlyAsLongAsItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCombiner(time.Minute, func(ctx context.Context, rounds []*round) {
			<-ctx.Done()
			rounds[0].err = ctx.Err()
		})
		start := time.Now()
		first := c.join(one("a"))[0]
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := c.join(one("a"))[0].result(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		if _, _, err := first.result(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		time.Sleep(time.Hour) // the second round ends too
	})
}
