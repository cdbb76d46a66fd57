package quota

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/redis"
)

var pseudonymKey = []byte("a pseudonym key only for tests, 32+")

// events are what a store told.
type events struct{ down, up chan error }

// openRedis opens a store. Its requests may wait for long, so that a slow
// machine fails no test that is not about time.
func openRedis(t testing.TB, change func(*RedisConfig), addresses ...string) (*RedisStore, events) {
	t.Helper()
	told := events{make(chan error, 100), make(chan error, 100)}
	config := RedisConfig{
		Addresses:    addresses,
		PseudonymKey: pseudonymKey,
		Wait:         10 * time.Second,
		OnFailure:    FailDeny,
		OnDown:       func(cause error) { told.down <- cause },
		OnUp:         func() { told.up <- nil },
	}
	if change != nil {
		change(&config)
	}
	s, err := NewRedisStore(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, told
}

// await waits for an event, with room for a slow machine.
func await(t testing.TB, what string, event <-chan error) error {
	t.Helper()
	select {
	case err := <-event:
		return err
	case <-time.After(20 * time.Second):
		t.Fatalf("the store never told that Redis is %s", what)
		return nil
	}
}

func TestTwoReplicasShareALimitExactly(t *testing.T) {
	server := redis.Start(t)
	const requests, limit = 2000, 100
	var limiters []*Limiter
	for range 2 {
		s, _ := openRedis(t, nil, server.Address)
		limiters = append(limiters, newLimiter(t, s,
			Rule{Dimension: ByIP, Rate: per(limit, 366*24*time.Hour)},
			Rule{Dimension: ByIP, Rate: per(10*requests, 100*24*time.Hour)},
		))
	}
	var passed atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range requests {
		wg.Go(func() {
			<-start
			state, err := limiters[i%2].Take(t.Context(), ByIP, "192.0.2.1")
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

func TestRedisHoldsNoKeyInClearAndNothingForEver(t *testing.T) {
	server := redis.Start(t)
	s, _ := openRedis(t, nil, server.Address)
	l := newLimiter(t, s,
		Rule{Dimension: ByIP, Rate: per(10, time.Hour), Scope: "numverify"},
		Rule{Dimension: "caller+number", Rate: per(10, time.Hour)},
	)
	keys := []Keys{{IP: "192.0.2.1", Caller: "signup", Number: "k1:pseudonym"}}
	if _, err := l.TakeAll(t.Context(), keys, 1, nil); err != nil {
		t.Fatal(err)
	}
	answer, err := server.Command("KEYS", "*")
	if err != nil {
		t.Fatal(err)
	}
	names := slices.DeleteFunc(strings.Split(answer, "\n"), func(line string) bool {
		return !strings.HasPrefix(line, "ringward:")
	})
	if len(names) != 3 || strings.Count(answer, "\n") != 2*3+1 { // two counters and the probe
		t.Fatalf("keys in Redis:\n%s", answer)
	}
	for _, name := range names {
		for _, clear := range []string{"192.0.2.1", "signup", "pseudonym", "numverify", "caller"} {
			if strings.Contains(name, clear) {
				t.Errorf("key %q holds %q", name, clear)
			}
		}
		if ttl, err := server.Command("TTL", name); err != nil || strings.HasPrefix(ttl, ":-") || ttl == ":0\n" {
			t.Errorf("key %q expires in %s %v", name, ttl, err)
		}
	}
}

func TestRedisCountsLikeMemory(t *testing.T) {
	server := redis.Start(t)
	shared, _ := openRedis(t, nil, server.Address)
	for name, counters := range map[string]Counters{"memory": newStore(t), "redis": shared} {
		t.Run(name, func(t *testing.T) {
			expiry := time.Now().Add(time.Hour).UnixNano()
			tally := func(index, n int64) []Tally {
				return []Tally{{Rule: "ip/1h//", Key: "a", Index: index, Expiry: expiry, Add: n, Limit: 9}}
			}
			add := func(index, n, wantCount, wantPrevious int64) []Tally {
				t.Helper()
				tallies := tally(index, n)
				if err := counters.Add(t.Context(), tallies); err != nil {
					t.Fatal(err)
				}
				if tallies[0].Count != wantCount || tallies[0].Previous != wantPrevious {
					t.Errorf("count %d and %d, want %d and %d", tallies[0].Count, tallies[0].Previous, wantCount, wantPrevious)
				}
				return tallies
			}
			giveBack := func(tallies []Tally) {
				t.Helper()
				if err := counters.GiveBack(t.Context(), tallies); err != nil {
					t.Fatal(err)
				}
			}
			add(1, 5, 5, 0)
			giveBack(add(1, 2, 7, 0))
			last := add(2, 3, 3, 5)
			giveBack(last)
			giveBack(last)
			add(2, 1, 1, 5)
			giveBack(tally(3, 7)) // never counted
			add(3, 1, 1, 1)
		})
	}
}

// load keeps asking until stop, from several goroutines, and returns how long
// each request took.
func load(t *testing.T, l *Limiter, stop <-chan struct{}) func() []time.Duration {
	const clients = 8
	took := make([][]time.Duration, clients)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			pause := time.NewTicker(2 * time.Millisecond)
			defer pause.Stop()
			for {
				select {
				case <-stop:
					return
				case <-pause.C:
				}
				start := time.Now()
				if _, err := l.Take(OneRequest(context.Background()), ByIP, "192.0.2.1"); err != nil {
					t.Error(err)
				}
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	return func() []time.Duration {
		wg.Wait()
		all := slices.Concat(took...)
		slices.Sort(all)
		return all
	}
}

// TestAFailingRedisCostsABoundedTime lets Redis fail under load in all ways.
func TestAFailingRedisCostsABoundedTime(t *testing.T) {
	for name, fail := range map[string]func(*redis.Server) (repair func()){
		"killed": func(s *redis.Server) func() { s.Kill(); return s.Restart },
		"frozen": func(s *redis.Server) func() { s.Freeze(); return s.Thaw },
		"killed while frozen": func(s *redis.Server) func() {
			s.Freeze()
			return func() { s.Kill(); s.Restart() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := redis.Start(t)
			s, told := openRedis(t, func(c *RedisConfig) { c.Wait, c.OnFailure = MaxWait, FailLocal }, server.Address)
			l := newLimiter(t, s, Rule{Dimension: ByIP, Rate: per(maxLimit, time.Hour)})
			stop := make(chan struct{})
			took := load(t, l, stop)
			repair := fail(server)
			if cause := await(t, "down", told.down); cause == nil {
				t.Error("no cause was told")
			}
			if status := s.Status(); !status.Down || status.Failures < defaultThreshold {
				t.Errorf("status %+v", status)
			}
			start := time.Now()
			for range 50 {
				take(t, l, ByIP, "192.0.2.2")
			}
			if d := time.Since(start); d > 10*MaxWait {
				t.Errorf("50 requests took %v though Redis is known to be down", d)
			}
			repair()
			await(t, "up", told.up)
			close(stop)
			all := took()
			p99, most := all[len(all)*99/100], all[len(all)-1]
			t.Logf("%d requests: median %v, p99 %v, most %v", len(all), all[len(all)/2], p99, most)
			// The slack is for a loaded machine, which may not run the request in time.
			if p99 > MaxWait+150*time.Millisecond || most > MaxWait+500*time.Millisecond {
				t.Errorf("of %d requests, the slowest of a hundred took %v, the slowest of all %v", len(all), p99, most)
			}
			state := take(t, l, ByIP, "192.0.2.3")
			if other, _ := openRedis(t, nil, server.Address); take(t, newLimiter(t, other,
				Rule{Dimension: ByIP, Rate: per(maxLimit, time.Hour)}), ByIP, "192.0.2.3").Remaining != state.Remaining-1 {
				t.Error("after its recovery the store does not count in Redis")
			}
		})
	}
}

func TestWithoutRedisRequestsGoByTheFailurePolicy(t *testing.T) {
	nobody := "127.0.0.1:" + redis.FreePort(t)
	tests := []struct {
		policy FailurePolicy
		share  float64
		passed int
		err    error
	}{
		{FailLocal, 0, 5, nil},
		{FailLocal, 1, 10, nil},
		{FailLocal, 0.01, 1, nil},
		{FailDeny, 0, 0, ErrUnavailable},
		{FailAllow, 0, 20, nil},
	}
	for _, tt := range tests {
		t.Run(string(tt.policy), func(t *testing.T) {
			s, told := openRedis(t, func(c *RedisConfig) { c.OnFailure, c.Share = tt.policy, tt.share }, nobody)
			await(t, "down", told.down)
			l := newLimiter(t, s, Rule{Dimension: ByIP, Rate: per(10, 24*time.Hour)})
			passed := 0
			for range 20 {
				state, err := l.Take(t.Context(), ByIP, "192.0.2.1")
				if !errors.Is(err, tt.err) {
					t.Fatalf("got %v, want %v", err, tt.err)
				}
				if err == nil && !state.Reached {
					passed++
				}
			}
			if passed != tt.passed {
				t.Errorf("%d requests passed, want %d", passed, tt.passed)
			}
		})
	}
}

func TestARedisThatComesLaterIsUsed(t *testing.T) {
	server := redis.Start(t)
	server.Kill()
	s, told := openRedis(t, nil, server.Address)
	await(t, "down", told.down)
	server.Restart()
	await(t, "up", told.up)
	if take(t, newLimiter(t, s, Rule{Dimension: ByIP, Rate: per(10, time.Hour)}), ByIP, "192.0.2.1").Reached {
		t.Error("refused")
	}
}

func TestOneRequestWaitsOnlyOnce(t *testing.T) {
	server := redis.Start(t)
	s, _ := openRedis(t, func(c *RedisConfig) { c.Wait, c.Threshold = MaxWait, 1000 }, server.Address)
	l := newLimiter(t, s, Rule{Dimension: ByIP, Rate: per(10, time.Hour)})
	server.Freeze()
	ctx := OneRequest(t.Context())
	start := time.Now()
	for range 10 {
		if _, err := l.Take(ctx, ByIP, "192.0.2.1"); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
	}
	if d := time.Since(start); d < MaxWait || d > 5*MaxWait {
		t.Errorf("ten calls waited %v, want about %v", d, MaxWait)
	}
	if got := s.Status(); got.Failures != 1 || got.Down {
		t.Errorf("status %+v, want one failure", got)
	}
}

func TestAGivenUpRequestIsNoFailureOfRedis(t *testing.T) {
	server := redis.Start(t)
	s, _ := openRedis(t, nil, server.Address)
	l := newLimiter(t, s, Rule{Dimension: ByIP, Rate: per(10, time.Hour)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * defaultThreshold {
		if _, err := l.Take(ctx, ByIP, "192.0.2.1"); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
	}
	if got := s.Status(); got.Failures != 0 {
		t.Errorf("status %+v", got)
	}
}

func BenchmarkRedisTake(b *testing.B) {
	server := redis.Start(b)
	s, _ := openRedis(b, nil, server.Address)
	for name, limit := range map[string]int64{"passed": maxLimit, "refused": 1} {
		l := newLimiter(b, s, Rule{Dimension: ByIP, Rate: per(limit, 24*time.Hour), Scope: name})
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(50)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := l.Take(context.Background(), ByIP, "192.0.2.1"); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
