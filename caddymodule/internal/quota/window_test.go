package quota

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// pattern is when requests arrive: the time to the next one, given whether the
// last one passed.
type pattern struct {
	name string
	next func(now, period time.Duration, limit int64, random *rand.Rand) time.Duration
}

// patterns are chosen to be bad for a sliding window counter.
var patterns = []pattern{
	{"as fast as possible", func(_, period time.Duration, limit int64, _ *rand.Rand) time.Duration {
		return period / time.Duration(20*limit)
	}},
	{"bursts around the edge", func(now, period time.Duration, limit int64, _ *rand.Rand) time.Duration {
		if at := now % period; at > period/50 && at < period*49/50 {
			return period*49/50 - at
		}
		return period / time.Duration(50*limit)
	}},
	{"a burst at the end, then steady", func(now, period time.Duration, limit int64, _ *rand.Rand) time.Duration {
		switch at := now % (2 * period); {
		case at < period*49/50:
			return period*49/50 - at
		case at < period:
			return period / time.Duration(100*limit)
		}
		return period / time.Duration(10*limit)
	}},
	{"a burst at the start, then silence", func(now, period time.Duration, limit int64, _ *rand.Rand) time.Duration {
		if at := now % period; at > period/100 {
			return period - at
		}
		return period / time.Duration(200*limit)
	}},
	{"at random", func(_, period time.Duration, limit int64, random *rand.Rand) time.Duration {
		return time.Duration(random.ExpFloat64() * float64(period) / float64(2*limit))
	}},
	{"bursts at random", func(_, period time.Duration, limit int64, random *rand.Rand) time.Duration {
		if random.IntN(int(2*limit)) == 0 {
			return time.Duration(random.Int64N(int64(period)))
		}
		return period / time.Duration(100*limit)
	}},
}

// exactLog is a sliding window that remembers every request that passed.
type exactLog struct{ passed []time.Duration }

func (e *exactLog) take(now, period time.Duration, limit int64) {
	first := len(e.passed) - int(limit)
	if first < 0 || e.passed[first] <= now-period {
		e.passed = append(e.passed, now)
	}
}

// TestErrorBoundAgainstAnExactLog measures what the package comment promises.
func TestErrorBoundAgainstAnExactLog(t *testing.T) {
	const period, windows = time.Minute, 40
	for _, p := range patterns {
		for _, limit := range []int64{1, 2, 3, 10, 100} {
			synctest.Test(t, func(t *testing.T) {
				store := NewMemoryStore()
				defer store.Close()
				l := newLimiter(t, store, Rule{Dimension: ByIP, Rate: per(limit, period)})
				random := rand.New(rand.NewPCG(1, uint64(limit)))
				epoch := time.Now().Truncate(period)
				var passed []time.Duration
				var exact exactLog
				for now := time.Since(epoch); now < windows*period; now = time.Since(epoch) {
					if !take(t, l, ByIP, "192.0.2.1").Reached {
						passed = append(passed, now)
					}
					exact.take(now, period, limit)
					time.Sleep(max(p.next(now, period, limit, random), 1))
				}
				most := checkSpans(t, p.name, passed, period, limit)
				ratio := float64(len(passed)) / float64(len(exact.passed))
				t.Logf("%s, limit %d: %.2f of an exact log pass, at most %.2f of the limit in one period", p.name, limit, ratio, most)
				// Bursts at the start of each window are where the counter gives back latest.
				if ratio < 0.49 {
					t.Errorf("%s, limit %d: %d requests pass, and %d of an exact log", p.name, limit, len(passed), len(exact.passed))
				}
				if len(passed) > windows*int(limit) {
					t.Errorf("%s, limit %d: %d requests pass in %d windows", p.name, limit, len(passed), windows)
				}
			})
		}
	}
}

// checkSpans compares each span of up to a period with the bound, and returns
// the most that passed in any period, as a part of the limit.
func checkSpans(t *testing.T, name string, passed []time.Duration, period time.Duration, limit int64) (most float64) {
	t.Helper()
	for first := range passed {
		for last := first; last < len(passed) && passed[last]-passed[first] < period; last++ {
			count := float64(last - first + 1)
			span := float64(passed[last]-passed[first]) / float64(period)
			if count > float64(limit)*(1+span)+0.5 {
				t.Fatalf("%s, limit %d: %v requests pass in %.3f of a period", name, limit, count, span)
			}
			most = max(most, count/float64(limit))
		}
	}
	return most
}

// This is what fixed windows do not hold.
func TestABurstAtAWindowsEdgeDoesNotDoubleTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 100
		store := NewMemoryStore()
		defer store.Close()
		l := newLimiter(t, store, Rule{Dimension: ByIP, Rate: per(limit, time.Hour)})
		time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour - time.Second)))
		passed := 0
		for range 2 {
			for range 3 * limit {
				if !take(t, l, ByIP, "192.0.2.1").Reached {
					passed++
				}
			}
			time.Sleep(2 * time.Second) // over the edge
		}
		if passed != limit {
			t.Errorf("%d requests pass within seconds, want %d", passed, limit)
		}
	})
}

func TestASteadyClientGetsTheWholeLimit(t *testing.T) {
	for _, limit := range []int64{1, 2, 3, 10, 60} {
		synctest.Test(t, func(t *testing.T) {
			store := NewMemoryStore()
			defer store.Close()
			l := newLimiter(t, store, Rule{Dimension: ByIP, Rate: per(limit, time.Minute)})
			passed := 0
			for range 100 * 60 * 4 {
				if !take(t, l, ByIP, "192.0.2.1").Reached {
					passed++
				}
				time.Sleep(250 * time.Millisecond)
			}
			if got := float64(passed) / float64(100*limit); got < 0.98 || got > 1.01 {
				t.Errorf("limit %d: a steady client gets %.3f of it", limit, got)
			}
		})
	}
}

func TestTheLargestLimitDoesNotOverflow(t *testing.T) {
	w := window{index: 1, period: maxPeriod, left: maxPeriod}
	if got := w.weigh(maxLimit); got != maxLimit {
		t.Errorf("a full window weighs %d, want %d", got, maxLimit)
	}
	w.left = maxPeriod / 2
	if got := w.weigh(maxLimit); got != maxLimit/2 {
		t.Errorf("half a window weighs %d, want %d", got, maxLimit/2)
	}
	if got := w.fade(math.MaxInt32, maxLimit); got <= 0 || got >= maxPeriod {
		t.Errorf("fades when %v are left", got)
	}
}
