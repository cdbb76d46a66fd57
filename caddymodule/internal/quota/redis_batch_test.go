package quota

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/redis"
)

// manyNumbers are the keys of a large batch.
func manyNumbers() []Keys {
	keys := make([]Keys, 500)
	for i := range keys {
		keys[i].Number = fmt.Sprintf("k1:pseudonym%d", i)
	}
	return keys
}

// TestALargeBatchHoldsItsLimitInRedis, on one server and on a Cluster, which
// keeps each number's counter where it likes.
func TestALargeBatchHoldsItsLimitInRedis(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *RedisStore{
		"server": func(t *testing.T) *RedisStore {
			s, _ := openRedis(t, nil, redis.Start(t).Address)
			return s
		},
		"cluster": func(t *testing.T) *RedisStore {
			s, _ := openRedis(t, func(c *RedisConfig) { c.Cluster = true }, redis.StartCluster(t)[0].Address)
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			l := newLimiter(t, store, Rule{Dimension: ByNumber, Rate: per(5, 366*24*time.Hour)})
			keys := manyNumbers()
			keys[1] = keys[0] // counts twice
			for i, reached := range []bool{false, false, true, true} {
				states, err := l.TakeAll(t.Context(), keys, 1, nil)
				if err != nil || states[0].Reached != reached {
					t.Fatalf("batch %d: %+v, %v", i+1, states, err)
				}
			}
			for key, left := range map[string]int64{keys[0].Number: 0, keys[2].Number: 2, keys[499].Number: 2} {
				if got := take(t, l, ByNumber, key); got.Remaining != left || got.Reached {
					t.Errorf("%s: %+v, want %d left: a refused batch counted", key, got, left)
				}
			}
			if got := store.Status(); got.Down || got.Failures != 0 {
				t.Errorf("status %+v", got)
			}
		})
	}
}

// TestARedisThatForgetsTheScriptsIsTaughtThem, as one does that was restarted
// between two requests.
func TestARedisThatForgetsTheScriptsIsTaughtThem(t *testing.T) {
	server := redis.Start(t)
	store, _ := openRedis(t, nil, server.Address)
	l := newLimiter(t, store, Rule{Dimension: ByNumber, Rate: per(1, 366*24*time.Hour)})
	for i, reached := range []bool{false, true, true} {
		if answer, err := server.Command("SCRIPT", "FLUSH"); err != nil || !strings.HasPrefix(answer, "+OK") {
			t.Fatalf("%s%v", answer, err)
		}
		states, err := l.TakeAll(t.Context(), manyNumbers(), 1, nil)
		if err != nil || states[0].Reached != reached {
			t.Fatalf("batch %d: %+v, %v", i+1, states, err)
		}
	}
	if got := take(t, l, ByNumber, "k1:another"); got.Reached || store.Status().Failures != 0 {
		t.Errorf("%+v, status %+v", got, store.Status())
	}
}

func BenchmarkRedisBatch(b *testing.B) {
	server := redis.Start(b)
	s, _ := openRedis(b, nil, server.Address)
	l := newLimiter(b, s, Rule{Dimension: ByNumber, Rate: per(maxLimit, 24*time.Hour)})
	keys := manyNumbers()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.TakeAll(b.Context(), keys, 1, nil); err != nil {
			b.Fatal(err)
		}
	}
}
