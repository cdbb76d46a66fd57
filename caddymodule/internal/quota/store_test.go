package quota

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var _ Counters = (*Store)(nil)

// ipTable is the table of limits by address.
func ipTable(s *Store) *table { return s.tables[1] }

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

		time.Sleep(2*time.Minute + sweepInterval + time.Second)
		synctest.Wait()
		if left := ipTable(store).keys.Load(); left != 0 {
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
		if left := ipTable(store).keys.Load(); left != 2000 {
			t.Errorf("%d keys are left, want the 2000 of the hour", left)
		}
		if got := take(t, l, ByIP, "10.0.0.0"); got.Remaining != 8 {
			t.Errorf("the hour's count is lost: %+v", got)
		}
	})
}

// add counts one request in a table for a window that ends with the hour.
func add(t *testing.T, table *table, key string) *Tally {
	t.Helper()
	w := windowAt(time.Now(), time.Hour)
	tally := &Tally{Rule: "ip/1h//", Key: key, Index: w.index, Expiry: w.expiry(), Add: 1}
	if err := table.add(tally); err != nil {
		t.Error(err)
	}
	return tally
}

func TestAWindowIsRememberedThroughTheNextOneOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable(10)
		for range 3 {
			add(t, table, "a")
		}
		time.Sleep(time.Hour)
		if tally := add(t, table, "a"); tally.Count != 1 || tally.Previous != 3 {
			t.Errorf("next window: %+v", tally)
		}
		time.Sleep(2 * time.Hour)
		if tally := add(t, table, "a"); tally.Count != 1 || tally.Previous != 0 {
			t.Errorf("the window after an empty one: %+v", tally)
		}
	})
}

func TestGivingBackNeverGoesBelowZeroOrIntoAnotherWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable(10)
		old := add(t, table, "a")
		for range 2 {
			table.giveBack(old)
		}
		if tally := add(t, table, "a"); tally.Count != 1 {
			t.Errorf("count is %d after giving back twice, want 1", tally.Count)
		}
		time.Sleep(2 * time.Hour) // the same counter now serves another window
		add(t, table, "a")
		table.giveBack(old)
		if tally := add(t, table, "a"); tally.Count != 2 {
			t.Errorf("count is %d, want 2", tally.Count)
		}
		table.giveBack(&Tally{Rule: "ip/1h//", Key: "unknown", Add: 1})
		if got := table.keys.Load(); got != 1 {
			t.Errorf("%d keys, want 1", got)
		}
	})
}

func TestKeysAreCountedOnceUnderContention(t *testing.T) {
	table := newTable(1000)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for i := range 100 {
				add(t, table, fmt.Sprint(i))
			}
			table.sweep()
		})
	}
	wg.Wait()
	if got := table.keys.Load(); got != 100 {
		t.Errorf("%d keys, want 100", got)
	}
}

func TestNothingCountsWhereACounterFails(t *testing.T) {
	store := newMemoryStore(1)
	t.Cleanup(func() { _ = store.Close() })
	l := newLimiter(t, store,
		Rule{Dimension: ByIP, Rate: per(5, 24*time.Hour)},
		Rule{Dimension: ByCaller, Rate: per(5, 24*time.Hour)},
	)
	for i, want := range []struct {
		caller string
		full   bool
	}{{"a", false}, {"b", true}, {"b", true}} {
		_, err := l.TakeAll(t.Context(), []Keys{{IP: "192.0.2.1", Caller: want.caller}}, 1, nil)
		if errors.Is(err, ErrUnavailable) != want.full {
			t.Errorf("request %d: %v", i+1, err)
		}
	}
	if got := take(t, l, ByIP, "192.0.2.1"); got.Remaining != 3 {
		t.Errorf("%d left, want 3: the failed requests counted", got.Remaining)
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

// BenchmarkFullTable reports what a key costs in memory, and what a sweep of a
// full dimension costs when nothing has expired.
func BenchmarkFullTable(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table := newTable(MaxKeys)
	for i := range MaxKeys {
		key := fmt.Sprintf("2001:db8:%x:%x::/64", i>>16, i&0xffff)
		w := windowAt(time.Now(), time.Hour)
		tally := &Tally{Rule: "ip/1h/numverify/", Key: key, Index: w.index, Expiry: w.expiry(), Add: 1}
		if err := table.add(tally); err != nil {
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
