package quota

import (
	"context"
	"errors"
	"sync"
	"time"
)

// MaxKeys bounds the counters that a memory store keeps for each dimension, and
// for all budgets: one for each rule and key. A counter costs about 200 bytes
// with its key, so a full dimension is 52 MB.
const MaxKeys = 1 << 18

const sweepInterval = 15 * time.Second

var (
	errFull        = errors.New("counter table is full")
	errStoreClosed = errors.New("counter store is closed")
)

// Store keeps counters in memory. It is safe for concurrent use. One store
// serves the whole process and is kept across config reloads.
//
// It takes no more than MaxKeys keys for each dimension: whoever has many
// addresses (a /32 of IPv6 holds four billion /64 networks) would otherwise make
// it grow until the process dies. A new key beyond that is an error until a
// sweep has removed expired ones; keys already counted go on as before. Evicting
// old counters instead would let a flood of keys reset the flooder's own limit.
// The bound is for each dimension, so that a flood of addresses, which needs no
// caller key, cannot crowd out the counters of callers and numbers.
type Store struct {
	tables [tableCount]*table
	stop   chan struct{}
	done   chan struct{}
	once   sync.Once
}

// NewMemoryStore returns an empty store and starts its cleaner. Close stops it.
func NewMemoryStore() *Store { return newMemoryStore(MaxKeys) }

func newMemoryStore(maxKeys int64) *Store {
	s := &Store{stop: make(chan struct{}), done: make(chan struct{})}
	for i := range s.tables {
		s.tables[i] = newTable(maxKeys)
	}
	go s.sweepUntilClosed()
	return s
}

// Forget removes all counters of a key, alone and in combinations, and returns how
// many there were. The key must be one that no other key holds as a part, as
// pseudonyms are. It is slow, and holds up requests a little.
func (s *Store) Forget(key string) int {
	if key == "" {
		return 0
	}
	removed := int64(0)
	for _, table := range s.tables {
		removed += table.forget(key)
	}
	return int(removed)
}

// Add counts all tallies, or none where it returns an error.
func (s *Store) Add(_ context.Context, tallies []Tally) error {
	select {
	case <-s.stop:
		return errStoreClosed
	default:
	}
	for i := range tallies {
		t := &tallies[i]
		if err := s.tables[t.table].add(t); err != nil {
			s.giveBack(tallies[:i])
			return err
		}
	}
	return nil
}

// GiveBack takes back what Add has counted.
func (s *Store) GiveBack(_ context.Context, tallies []Tally) error {
	s.giveBack(tallies)
	return nil
}

func (s *Store) giveBack(tallies []Tally) {
	for i := range tallies {
		t := &tallies[i]
		s.tables[t.table].giveBack(t)
	}
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
