package jwt

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// What a cache holds at most: tokens, and bytes of them.
	cacheTokens = 10_000
	cacheBytes  = 16 << 20
)

// digest stands for a token in the cache, which so holds no token.
type digest [sha256.Size]byte

// cached is a token whose signature was good.
type cached struct {
	claims     *claims
	generation uint64 // of the keys that it was verified with
	until      time.Time
}

// cache remembers good tokens. It has two halves: when the young one is full, it
// becomes the old one, and what was in that is forgotten. It is safe for
// concurrent use.
type cache struct {
	mu         sync.Mutex
	young, old map[digest]cached
	bytes      int // of the tokens in young
}

func (c *cache) get(d digest, generation uint64, now time.Time) (*claims, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.young[d]
	if !ok {
		entry, ok = c.old[d]
	}
	if !ok || entry.generation != generation || !now.Before(entry.until) {
		return nil, false
	}
	return entry.claims, true
}

func (c *cache) put(d digest, entry cached, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= cacheTokens/2 || c.bytes+size > cacheBytes/2 {
		c.old, c.young, c.bytes = c.young, make(map[digest]cached), 0
	}
	c.young[d] = entry
	c.bytes += size
}

func (c *cache) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.young) + len(c.old)
}
