package quota

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// numbers are the keys of a batch: one for each letter.
func numbers(letters string) []Keys {
	var keys []Keys
	for letter := range strings.SplitSeq(letters, "") {
		keys = append(keys, Keys{Number: "k1:" + letter})
	}
	return keys
}

func takeNumbers(t testing.TB, l *Limiter, letters string) State {
	t.Helper()
	states, err := l.TakeAll(t.Context(), numbers(letters), 1, nil)
	if err != nil || len(states) != 1 {
		t.Fatalf("%+v, %v", states, err)
	}
	return states[0]
}

// TestANumberCountsAsOftenAsItComes, and a batch that is refused for one number
// counts for none.
func TestANumberCountsAsOftenAsItComes(t *testing.T) {
	l := newLimiter(t, newStore(t),
		Rule{Dimension: ByNumber, Rate: per(5, 24*time.Hour)},
		Rule{Dimension: ByNumber, Rate: per(100, 48*time.Hour)},
	)
	for i, want := range []struct {
		batch   string
		left    int64 // of the number that has least
		reached bool
	}{
		{"aab", 3, false},
		{"aaaa", 3, true}, // two are counted, so three are left
		{"bcdeaaaa", 3, true},
		{"b", 3, false},
		{"aaa", 0, false},
		{"cba", 0, true},
		{"bbb", 0, false},
		{"ccccc", 0, false},
	} {
		if got := takeNumbers(t, l, want.batch); got.Remaining != want.left || got.Reached != want.reached || got.Limit != 5 {
			t.Errorf("batch %d: %+v, want %+v", i+1, got, want)
		}
	}
}

func TestABatchThatWaitsAsToldPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(300 * time.Millisecond) // no window starts now
		store := NewMemoryStore()
		defer store.Close()
		l := newLimiter(t, store, Rule{Dimension: ByNumber, Rate: per(5, time.Minute)})
		takeNumbers(t, l, "aaaabb")
		refused := takeNumbers(t, l, "abaabbb") // for both numbers, a for longer
		if !refused.Reached {
			t.Fatalf("%+v", refused)
		}
		time.Sleep(refused.Reset - time.Millisecond)
		if got := takeNumbers(t, l, "abaabbb"); !got.Reached {
			t.Errorf("just before the time told: %+v", got)
		}
		time.Sleep(time.Millisecond)
		if got := takeNumbers(t, l, "abaabbb"); got.Reached {
			t.Errorf("after waiting as told: %+v", got)
		}
		if got := takeNumbers(t, l, "cccccc"); !got.Reached || got.Reset != 2*time.Minute {
			t.Errorf("a batch that never passes: %+v", got)
		}
	})
}

// askedStore counts how often it is asked.
type askedStore struct {
	Counters
	added, givenBack int
}

func (s *askedStore) Add(ctx context.Context, tallies []Tally) error {
	s.added++
	return s.Counters.Add(ctx, tallies)
}

func (s *askedStore) GiveBack(ctx context.Context, tallies []Tally) error {
	s.givenBack++
	return s.Counters.GiveBack(ctx, tallies)
}

func TestABatchAsksTheStoreOnce(t *testing.T) {
	store := &askedStore{Counters: newStore(t)}
	l := newLimiter(t, store, Rule{Dimension: ByNumber, Rate: per(2, 24*time.Hour)})
	for i, want := range []struct{ added, givenBack int }{{1, 0}, {2, 0}, {3, 1}} {
		takeNumbers(t, l, "abcdefghij")
		if store.added != want.added || store.givenBack != want.givenBack {
			t.Errorf("after %d batches: asked %d times, %d times to give back", i+1, store.added, store.givenBack)
		}
	}
	if _, err := l.TakeAll(t.Context(), nil, 1, nil); err != nil || store.added != 3 {
		t.Errorf("no key is counted: %v", err)
	}
	if _, err := l.TakeAll(t.Context(), numbers("k"), 0, nil); err == nil {
		t.Error("no request is counted")
	}
}

func BenchmarkTakeBatch(b *testing.B) {
	l := newLimiter(b, newStore(b), Rule{Dimension: ByNumber, Rate: per(maxLimit, time.Hour)})
	keys := manyNumbers()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.TakeAll(b.Context(), keys, 1, nil); err != nil {
			b.Fatal(err)
		}
	}
}
