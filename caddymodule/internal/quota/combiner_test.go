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
		c := newCombiner(time.Minute, func(_ context.Context, _ counterID, n int64) (int64, int64, error) {
			time.Sleep(time.Second)
			sent = append(sent, n)
			total += n
			return total, 77, nil
		})
		id := counterID{pseudonym: "a"}
		var mu sync.Mutex
		var counts []int64
		var wg sync.WaitGroup
		for i := range int64(5) {
			wg.Go(func() {
				count, previous, err := c.join(id, i+1).result(t.Context())
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

func TestCountersDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCombiner(time.Minute, func(context.Context, counterID, int64) (int64, int64, error) {
			time.Sleep(time.Second)
			return 1, 0, nil
		})
		start := time.Now()
		a, b := c.join(counterID{pseudonym: "a"}, 1), c.join(counterID{pseudonym: "b"}, 1)
		for _, s := range []part{a, b} {
			if _, _, err := s.result(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("two counters took %v", took)
		}
	})
}

func TestEachRequestWaitsOnlyAsLongAsItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCombiner(time.Minute, func(ctx context.Context, _ counterID, _ int64) (int64, int64, error) {
			<-ctx.Done()
			return 0, 0, ctx.Err()
		})
		start := time.Now()
		first := c.join(counterID{}, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := c.join(counterID{}, 1).result(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		if _, _, err := first.result(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		time.Sleep(time.Hour) // the second round ends too
	})
}
