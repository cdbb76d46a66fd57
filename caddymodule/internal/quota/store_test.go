package quota

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ulule/limiter/v3"
)

// Both the bounded store and ulule's own stores fit a Limiter.
var (
	_ Counters = (*Store)(nil)
	_ Counters = limiter.Store(nil)
)

func TestFullTableRefusesNewKeysOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore(3)
		defer store.Close()
		l := newLimiter(t, store,
			Rule{Dimension: ByIP, Rate: per(10, time.Minute)},
			Rule{Dimension: ByCaller, Rate: per(10, time.Minute)},
		)
		for i := range 3 {
			take(t, l, ByIP, fmt.Sprintf("192.0.2.%d", i))
		}
		if _, err := l.Take(t.Context(), ByIP, "192.0.2.3"); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("a fourth key: %v", err)
		}
		if got := take(t, l, ByIP, "192.0.2.0"); got.Remaining != 8 {
			t.Errorf("a known key lost its count: %+v", got)
		}
		take(t, l, ByCaller, "signup") // other dimensions have room of their own

		time.Sleep(time.Minute + sweepInterval + time.Second)
		synctest.Wait()
		if left := store.tables["ip"].keys.Load(); left != 0 {
			t.Fatalf("%d expired keys are kept", left)
		}
		take(t, l, ByIP, "192.0.2.3")
	})
}

func TestSweepKeepsLiveCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := NewMemoryStore()
		defer store.Close()
		l := newLimiter(t, store,
			Rule{Dimension: ByIP, Rate: per(10, time.Second)},
			Rule{Dimension: ByIP, Rate: per(10, time.Hour)},
		)
		for i := range 2000 { // several batches
			take(t, l, ByIP, fmt.Sprintf("10.0.%d.%d", i/256, i%256))
		}
		time.Sleep(sweepInterval + time.Second)
		synctest.Wait()
		if left := store.tables["ip"].keys.Load(); left != 2000 {
			t.Errorf("%d keys are left, want the 2000 of the hour", left)
		}
		if got := take(t, l, ByIP, "10.0.0.0"); got.Remaining != 8 {
			t.Errorf("the hour's count is lost: %+v", got)
		}
	})
}

// A counter that expired and was started again between being found and being
// removed must stay: this is where ulule's own cleaner forgets a request.
func TestSweepDoesNotForgetARestartedCounter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable(10)
		increment := func() int64 {
			count, _, err := table.increment("ip/1s//a", time.Second)
			if err != nil {
				t.Fatal(err)
			}
			return count
		}
		increment()
		time.Sleep(2 * time.Second)
		for i := range table.shards {
			expired := table.shards[i].expired()
			if len(expired) == 0 {
				continue
			}
			increment()
			if removed := table.shards[i].remove(expired); removed != 0 {
				t.Errorf("%d live counters removed", removed)
			}
		}
		if count := increment(); count != 2 {
			t.Errorf("count is %d, want 2", count)
		}
	})
}

func TestKeysAreCountedOnceUnderContention(t *testing.T) {
	table := newTable(1000)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for i := range 100 {
				if _, _, err := table.increment(fmt.Sprint("ip/1h//", i), time.Hour); err != nil {
					t.Error(err)
				}
			}
			table.sweep()
		})
	}
	wg.Wait()
	if got := table.keys.Load(); got != 100 {
		t.Errorf("%d keys, want 100", got)
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	store := NewMemoryStore()
	l := newLimiter(t, store, Rule{Dimension: ByIP, Rate: per(1, time.Minute)})
	for range 2 {
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Take(t.Context(), ByIP, "192.0.2.1"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestUnknownDimensionIsRefusedByTheStore(t *testing.T) {
	if _, err := newStore(t).Get(t.Context(), "other/key", limiter.Rate{Limit: 1, Period: time.Hour}); err == nil {
		t.Error("counted")
	}
}

// BenchmarkFullTable reports what a key costs in memory, and what a sweep of a
// full dimension costs when nothing has expired.
func BenchmarkFullTable(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table := newTable(MaxKeys)
	for i := range MaxKeys {
		if _, _, err := table.increment(fmt.Sprintf("ip/1h/numverify/2001:db8:%x:%x::/64", i>>16, i&0xffff), time.Hour); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		table.sweep()
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/MaxKeys, "B/key")
}
