package quota

import (
	"hash/maphash"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ulule/limiter/v3/drivers/store/memory"
)

// tableIndex tells the tables of a memory store apart: a dimensionSet for the
// limits of these dimensions, and one for all budgets.
type tableIndex uint8

const (
	budgetTable tableIndex = 0 // no limit has the empty set of dimensions
	tableCount             = 1 << simpleCount
)

// shardCount keeps a shard small enough to be swept while requests wait: a full
// table has 4,096 keys in each.
const shardCount = 64

// table holds the counters of one set of dimensions.
type table struct {
	seed   maphash.Seed // random: nobody can aim at one shard
	max    int64
	keys   atomic.Int64
	shards [shardCount]shard
}

// shard holds some counters. Adding to existing ones takes the read lock only.
type shard struct {
	mu    sync.RWMutex
	pairs map[counterKey]*pair
}

// counterKey names the counters of a rule and key. Keeping the two texts apart
// makes looking a counter up free of allocation.
type counterKey struct{ rule, key string }

// pair holds the counts of the current and the previous window, the even ones
// in one and the odd ones in the other. Each is a counter of ulule's memory
// store: it expires when the window after its own is over, which is when the
// next window of the same parity starts, and then begins again at zero.
type pair [2]memory.Counter

func (p *pair) at(index int64) *memory.Counter { return &p[index&1] }

func newTable(maxKeys int64) *table {
	return &table{seed: maphash.MakeSeed(), max: maxKeys}
}

func (t *table) shard(key string) *shard {
	return &t.shards[maphash.String(t.seed, key)%shardCount]
}

func (t *table) add(tally *Tally) error {
	shard := t.shard(tally.Key)
	name := counterKey{tally.Rule, tally.Key}

	shard.mu.RLock()
	if pair, ok := shard.pairs[name]; ok {
		pair.add(tally)
		shard.mu.RUnlock()
		return nil
	}
	shard.mu.RUnlock()

	shard.mu.Lock()
	defer shard.mu.Unlock()
	counters, ok := shard.pairs[name]
	if !ok {
		if t.keys.Add(1) > t.max {
			t.keys.Add(-1)
			return errFull
		}
		if shard.pairs == nil {
			shard.pairs = make(map[counterKey]*pair)
		}
		counters = new(pair)
		shard.pairs[name] = counters
	}
	counters.add(tally)
	return nil
}

func (p *pair) add(tally *Tally) {
	tally.Count, _ = p.at(tally.Index).Increment(tally.Add, tally.Expiry)
	tally.Previous, _ = p.at(tally.Index - 1).Load(0)
}

func (t *table) giveBack(tally *Tally) {
	shard := t.shard(tally.Key)
	shard.mu.Lock() // looking and taking are two steps
	defer shard.mu.Unlock()
	pair, ok := shard.pairs[counterKey{tally.Rule, tally.Key}]
	if !ok {
		return
	}
	counter := pair.at(tally.Index)
	// A counter with another expiry has begun another window.
	if count, expiry := counter.Load(0); expiry == tally.Expiry {
		counter.Increment(-min(tally.Add, count), tally.Expiry)
	}
}

// sweep removes the expired counters.
func (t *table) sweep() {
	if t.keys.Load() == 0 {
		return
	}
	for i := range t.shards {
		t.keys.Add(-t.shards[i].sweep(time.Now().UnixNano()))
	}
}

func (s *shard) sweep(now int64) (removed int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.pairs)
	maps.DeleteFunc(s.pairs, func(_ counterKey, p *pair) bool {
		return p[0].Expiration() < now && p[1].Expiration() < now
	})
	return int64(before - len(s.pairs))
}

// forget removes the counters of keys that are, or are joined with, the given one,
// and returns how many there were. It looks at all.
func (t *table) forget(key string) (removed int64) {
	for i := range t.shards {
		removed += t.shards[i].forget(key)
	}
	t.keys.Add(-removed)
	return removed
}

func (s *shard) forget(key string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.pairs)
	maps.DeleteFunc(s.pairs, func(name counterKey, _ *pair) bool { return strings.Contains(name.key, key) })
	return int64(before - len(s.pairs))
}
