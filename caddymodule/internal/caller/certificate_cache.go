package caller

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"time"
)

const (
	// chainTime is how long it is remembered at most whether a chain is good.
	chainTime = 5 * time.Minute

	// maxChains bounds how many are remembered.
	maxChains = 10_000
)

// chainCache remembers which chains of certificates were good and which were not,
// so that neither costs signatures with each request. Like the cache of tokens it
// has two halves. It is safe for concurrent use.
type chainCache struct {
	mu         sync.Mutex
	young, old map[chainDigest]judgement
}

type chainDigest [sha256.Size]byte

type judgement struct {
	err   error
	until time.Time
}

// find returns what is known of a chain, or finds it out.
func (c *chainCache) find(chain []*x509.Certificate, now time.Time, verify func([]*x509.Certificate, time.Time) (time.Time, error)) error {
	hash := sha256.New()
	for _, cert := range chain {
		_, _ = hash.Write(cert.Raw) // DER tells where one ends
	}
	var digest chainDigest
	hash.Sum(digest[:0])
	if known, ok := c.get(digest, now); ok {
		return known.err
	}
	until, err := verify(chain, now)
	if soon := now.Add(chainTime); err != nil || soon.Before(until) {
		until = soon
	}
	c.put(digest, judgement{err, until})
	return err
}

func (c *chainCache) get(digest chainDigest, now time.Time) (judgement, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.young[digest]
	if !ok {
		known, ok = c.old[digest]
	}
	return known, ok && now.Before(known.until)
}

func (c *chainCache) put(digest chainDigest, j judgement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= maxChains/2 {
		c.old, c.young = c.young, make(map[chainDigest]judgement)
	}
	c.young[digest] = j
}
