package quota

import (
	"context"
	"errors"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/common"
	"github.com/ulule/limiter/v3/drivers/store/memory"
)

// MaxKeys bounds the counters that a memory store keeps for each dimension. A
// counter costs about 220 bytes with its key, so a full dimension is 58 MB.
const MaxKeys = 1 << 18

const (
	shardCount    = 16
	sweepInterval = 15 * time.Second

	// sweepBatch bounds how long a sweep keeps requests waiting.
	sweepBatch = 512
)

var (
	errFull         = errors.New("counter table is full")
	errStoreClosed  = errors.New("counter store is closed")
	errUnknownTable = errors.New("counter key has no known dimension")
)

// Store keeps counters in memory. It is safe for concurrent use. One store
// serves the whole process and is kept across config reloads.
//
// The counters are those of ulule's memory cache, without its cleaner, because
// that cleaner has three faults for our use. It can delete a counter that a
// request has just started again, and forgets the request. It is stopped by a
// finalizer only, which waits for a running clean. And nothing bounds the
// number of keys: whoever has many addresses (a /32 of IPv6 holds four billion
// /64 networks) makes it grow until the process dies.
//
// So the store sweeps by itself, under a lock, and takes no more than MaxKeys
// keys for each dimension. A new key beyond that is an error until a sweep has
// removed expired ones; keys already counted go on as before. Evicting old
// counters instead would let a flood of keys reset the flooder's own limit. The
// bound is for each dimension, so that a flood of addresses, which needs no
// caller key, cannot crowd out the counters of callers and numbers.
type Store struct {
	tables map[string]*table
	stop   chan struct{}
	done   chan struct{}
	once   sync.Once
}

// NewMemoryStore returns an empty store and starts its cleaner. Close stops it.
func NewMemoryStore() *Store { return newMemoryStore(MaxKeys) }

func newMemoryStore(maxKeys int64) *Store {
	s := &Store{
		tables: make(map[string]*table),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
	}
	for _, dimension := range Dimensions() {
		s.tables[string(dimension)] = newTable(maxKeys)
	}
	go s.sweepUntilClosed()
	return s
}

// Get counts one request for key and returns the state of its window. The key
// starts with its dimension and a slash.
func (s *Store) Get(_ context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	select {
	case <-s.stop:
		return limiter.Context{}, errStoreClosed
	default:
	}
	dimension, _, _ := strings.Cut(key, "/")
	table, ok := s.tables[dimension]
	if !ok {
		return limiter.Context{}, errUnknownTable
	}
	count, expiration, err := table.increment(key, rate.Period)
	if err != nil {
		return limiter.Context{}, err
	}
	return common.GetContextFromState(time.Now(), rate, expiration, count), nil
}

// Close stops the cleaner and waits for it. A closed store refuses to count.
// Close may be called more than once.
func (s *Store) Close() error {
	s.once.Do(func() { close(s.stop) })
	<-s.done
	return nil
}

func (s *Store) sweepUntilClosed() {
	defer close(s.done)
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			for _, table := range s.tables {
				table.sweep()
			}
		}
	}
}

// table holds the counters of one dimension.
type table struct {
	seed   maphash.Seed // random: nobody can aim at one shard
	max    int64
	keys   atomic.Int64
	shards [shardCount]shard
}

// shard holds some counters. Counting an existing key takes the read lock only;
// whatever adds or removes a key takes the write lock.
type shard struct {
	mu       sync.RWMutex
	counters *memory.CacheWrapper
}

func newTable(maxKeys int64) *table {
	t := &table{seed: maphash.MakeSeed(), max: maxKeys}
	for i := range t.shards {
		t.shards[i].counters = memory.NewCache(0) // 0: no cleaner of its own
	}
	return t
}

func (t *table) increment(key string, period time.Duration) (int64, time.Time, error) {
	shard := &t.shards[maphash.String(t.seed, key)%shardCount]

	shard.mu.RLock()
	if counter, ok := shard.counters.Load(key); ok {
		count, expiration := counter.Increment(1, time.Now().Add(period).UnixNano())
		shard.mu.RUnlock()
		return count, time.Unix(0, expiration), nil
	}
	shard.mu.RUnlock()

	shard.mu.Lock()
	defer shard.mu.Unlock()
	if _, ok := shard.counters.Load(key); !ok && t.keys.Add(1) > t.max {
		t.keys.Add(-1)
		return 0, time.Time{}, errFull
	}
	count, expiration := shard.counters.Increment(key, 1, period)
	return count, expiration, nil
}

// sweep removes the expired counters.
func (t *table) sweep() {
	for i := range t.shards {
		shard := &t.shards[i]
		expired := shard.expired()
		for len(expired) > 0 {
			n := min(len(expired), sweepBatch)
			t.keys.Add(-shard.remove(expired[:n]))
			expired = expired[n:]
		}
	}
}

func (s *shard) expired() []string {
	var keys []string
	s.counters.Range(func(key string, counter *memory.Counter) {
		if counter.Expired() {
			keys = append(keys, key)
		}
	})
	return keys
}

// remove deletes those of keys that are still expired now that no request can
// start them again, and returns how many.
func (s *shard) remove(keys []string) (removed int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if counter, ok := s.counters.Load(key); ok && counter.Expired() {
			s.counters.Delete(key)
			removed++
		}
	}
	return removed
}
