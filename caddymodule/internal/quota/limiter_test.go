package quota

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func newLimiter(t testing.TB, counters Counters, rules ...Rule) *Limiter {
	t.Helper()
	l, err := NewLimiter(counters, rules)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newStore(t testing.TB) *Store {
	t.Helper()
	s := NewMemoryStore()
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func take(t testing.TB, l *Limiter, dimension Dimension, key string) State {
	t.Helper()
	state, err := l.Take(t.Context(), dimension, key)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func per(limit int64, period time.Duration) Rate { return Rate{Limit: limit, Period: period} }

func TestExactlyTheLimitPasses(t *testing.T) {
	const goroutines, limit = 2000, 100
	l := newLimiter(t, newStore(t), Rule{Dimension: ByIP, Rate: per(limit, 24*time.Hour)})
	var passed atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range goroutines {
		wg.Go(func() {
			<-start
			state, err := l.Take(t.Context(), ByIP, "192.0.2.1")
			if err != nil {
				t.Error(err)
			} else if !state.Reached {
				passed.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	if passed.Load() != limit {
		t.Errorf("%d requests passed, want %d", passed.Load(), limit)
	}
}

func TestWaitingAsToldIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(300 * time.Millisecond) // no window starts now
		store := NewMemoryStore()
		defer store.Close()
		l := newLimiter(t, store, Rule{Dimension: ByIP, Rate: per(2, time.Minute)})

		first := take(t, l, ByIP, "192.0.2.1")
		want := State{
			Name: "ip", Dimension: ByIP, Limit: 2, Remaining: 1, Window: time.Minute,
			Reset: time.Minute - 300*time.Millisecond,
		}
		if first != want {
			t.Fatalf("got %+v, want %+v", first, want)
		}
		if state := take(t, l, ByIP, "192.0.2.1"); state.Remaining != 0 || state.Reached {
			t.Fatalf("second request: %+v", state)
		}
		for range 3 {
			refused := take(t, l, ByIP, "192.0.2.1")
			if !refused.Reached || refused.Remaining != 0 {
				t.Fatalf("a request too many: %+v", refused)
			}
			time.Sleep(refused.Reset - time.Millisecond)
			if state := take(t, l, ByIP, "192.0.2.1"); !state.Reached {
				t.Fatalf("just before the time told: %+v", state)
			}
			time.Sleep(time.Millisecond)
			if state := take(t, l, ByIP, "192.0.2.1"); state.Reached {
				t.Fatalf("after waiting as told: %+v", state)
			}
		}
		if other := take(t, l, ByIP, "192.0.2.2"); other.Reached {
			t.Fatal("another client is refused")
		}
	})
}

func TestRefusedRequestsCountNowhere(t *testing.T) {
	l := newLimiter(t, newStore(t),
		Rule{Dimension: ByCaller, Rate: per(2, 24*time.Hour)},
		Rule{Dimension: ByCaller, Rate: per(5, 48*time.Hour)},
		Rule{Dimension: ByIP, Rate: per(4, 24*time.Hour)},
	)
	keys := []Keys{{IP: "192.0.2.1", Caller: "signup"}}
	for i, want := range []struct {
		callerReached bool
		ipLeft        int64
	}{{false, 3}, {false, 2}, {true, 2}, {true, 2}} {
		states, err := l.TakeAll(t.Context(), keys, 1, nil)
		if err != nil || len(states) != 2 {
			t.Fatalf("request %d: %v, %v", i+1, states, err)
		}
		ip, caller := states[0], states[1]
		if caller.Name != "caller-1d" || caller.Reached != want.callerReached {
			t.Errorf("request %d by caller: %+v", i+1, caller)
		}
		if ip.Name != "ip" || ip.Remaining != want.ipLeft || ip.Reached {
			t.Errorf("request %d by IP: %+v, want %d left", i+1, ip, want.ipLeft)
		}
	}
}

func TestABatchPassesTogetherOrNotAtAll(t *testing.T) {
	l := newLimiter(t, newStore(t), Rule{Dimension: ByIP, Rate: per(10, 24*time.Hour)})
	for i, want := range []struct {
		n, left int64
		reached bool
	}{{6, 4, false}, {5, 4, true}, {4, 0, false}, {1, 0, true}, {11, 0, true}} {
		state, err := l.TakeN(t.Context(), ByIP, "192.0.2.1", want.n)
		if err != nil || state.Reached != want.reached || state.Remaining != want.left {
			t.Errorf("batch %d: got %+v, %v, want %+v", i+1, state, err, want)
		}
	}
	for _, n := range []int64{0, -1} {
		if _, err := l.TakeN(t.Context(), ByIP, "192.0.2.1", n); err == nil {
			t.Errorf("a batch of %d is counted", n)
		}
	}
}

func TestNoRuleNoLimit(t *testing.T) {
	l := newLimiter(t, newStore(t), Rule{Dimension: ByIP, Rate: per(1, time.Minute)})
	if l.Has(ByNumber) || !l.Has(ByIP) {
		t.Error("Has does not tell which dimension has a rule")
	}
	if got := take(t, l, ByNumber, "k1:abc"); got != (State{}) {
		t.Errorf("got %+v", got)
	}
}

func TestScopesShareOrSeparateCounters(t *testing.T) {
	store := newStore(t)
	rule := func(scope string) Rule {
		return Rule{Dimension: ByIP, Rate: per(1, time.Minute), Scope: scope}
	}
	if take(t, newLimiter(t, store, rule("a")), ByIP, "192.0.2.1").Reached {
		t.Fatal("first request is refused")
	}
	if take(t, newLimiter(t, store, rule("b")), ByIP, "192.0.2.1").Reached {
		t.Error("another scope shares the counter")
	}
	if !take(t, newLimiter(t, store, rule("a")), ByIP, "192.0.2.1").Reached {
		t.Error("the same scope does not share the counter")
	}
}

func TestReloadWithNewLimitKeepsCounts(t *testing.T) {
	store := newStore(t)
	before := newLimiter(t, store, Rule{Dimension: ByIP, Rate: per(5, time.Hour)})
	take(t, before, ByIP, "192.0.2.1")
	take(t, before, ByIP, "192.0.2.1")
	after := newLimiter(t, store, Rule{Dimension: ByIP, Rate: per(3, time.Hour)})
	if got := take(t, after, ByIP, "192.0.2.1"); got.Remaining != 0 || got.Limit != 3 || got.Reached {
		t.Errorf("got %+v", got)
	}
}

func TestUnsoundRulesAreRefused(t *testing.T) {
	good := Rule{Dimension: ByIP, Rate: per(1, time.Minute)}
	tests := []struct {
		name  string
		rules []Rule
	}{
		{"duplicate", []Rule{good, good}},
		{"duplicate with another limit", []Rule{good, {Dimension: ByIP, Rate: per(9, time.Minute)}}},
		{"duplicate in another order", []Rule{
			{Dimension: "caller+ip", Rate: per(1, time.Minute)}, {Dimension: "ip+caller", Rate: per(1, time.Minute)},
		}},
		{"no dimension", []Rule{{Rate: per(1, time.Minute)}}},
		{"unknown dimension", []Rule{{Dimension: "ip/", Rate: per(1, time.Minute)}}},
		{"no rate", []Rule{{Dimension: ByIP}}},
		{"negative limit", []Rule{{Dimension: ByIP, Rate: per(-1, time.Minute)}}},
		{"part of a second", []Rule{{Dimension: ByIP, Rate: per(1, 1500*time.Millisecond)}}},
		{"slash in scope", []Rule{{Dimension: ByIP, Rate: per(1, time.Minute), Scope: "a/b"}}},
		{"long scope", []Rule{{Dimension: ByIP, Rate: per(1, time.Minute), Scope: strings.Repeat("a", 65)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := NewLimiter(newStore(t), tt.rules); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := NewLimiter(nil, []Rule{good}); err == nil {
		t.Error("accepted without a store")
	}
}

func TestNamesTellRulesApart(t *testing.T) {
	l := newLimiter(t, newStore(t),
		Rule{Dimension: ByNumber, Rate: per(1, time.Minute)},
		Rule{Dimension: ByIP, Rate: per(1, time.Minute)},
		Rule{Dimension: ByIP, Rate: per(1, time.Hour)},
		Rule{Dimension: ByIP, Rate: per(1, time.Hour), Scope: "numverify"},
	)
	var names []string
	for _, g := range l.groups {
		for _, r := range g.rules {
			names = append(names, r.name)
		}
	}
	if got, want := strings.Join(names, " "), "ip-1m ip-1h ip-1h-numverify number"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnfitKeysAreRefused(t *testing.T) {
	l := newLimiter(t, newStore(t),
		Rule{Dimension: ByIP, Rate: per(1, time.Minute)},
		Rule{Dimension: ByNumber, Rate: per(1, time.Minute)},
	)
	tests := []struct {
		name      string
		dimension Dimension
		key       string
	}{
		{"empty", ByIP, ""},
		{"too long", ByIP, strings.Repeat("a", maxKeyLength+1)},
		{"number in clear", ByNumber, "+14158586273"},
		{"number in clear without plus", ByNumber, "14158586273"},
		{"number in clear, written nicely", ByNumber, "+1 (415) 858-6273"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := l.Take(t.Context(), tt.dimension, tt.key)
			if !errors.Is(err, ErrInvalidKey) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), "415") {
				t.Error("the error holds the number")
			}
		})
	}
}

type brokenStore struct{ err error }

func (s brokenStore) Add(context.Context, []Tally) error      { return s.err }
func (s brokenStore) GiveBack(context.Context, []Tally) error { return s.err }

func TestStoreErrorsFailClosed(t *testing.T) {
	cause := errors.New("connection refused")
	l := newLimiter(t, brokenStore{cause}, Rule{Dimension: ByIP, Rate: per(1, time.Minute)})
	_, err := l.Take(t.Context(), ByIP, "192.0.2.1")
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkTake(b *testing.B) {
	periods := []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour}
	for _, bench := range []struct {
		name  string
		rules int
	}{{"1 rule", 1}, {"4 rules", 4}} {
		var rules []Rule
		for _, period := range periods[:bench.rules] {
			rules = append(rules, Rule{Dimension: ByIP, Rate: per(1_000_000_000, period)})
		}
		l := newLimiter(b, newStore(b), rules...)
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := l.Take(b.Context(), ByIP, "192.0.2.1"); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bench.name+" parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := l.Take(b.Context(), ByIP, "192.0.2.1"); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkTakeAll(b *testing.B) {
	l := newLimiter(b, newStore(b),
		Rule{Dimension: ByCaller, Rate: per(maxLimit, time.Minute)},
		Rule{Dimension: ByNumber, Rate: per(maxLimit, time.Hour)},
		Rule{Dimension: "caller+number", Rate: per(maxLimit, time.Hour)},
	)
	keys := []Keys{{Caller: "signup", Number: "k1:pseudonym"}}
	states := make([]State, 0, 3)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.TakeAll(b.Context(), keys, 1, states); err != nil {
			b.Fatal(err)
		}
	}
}
