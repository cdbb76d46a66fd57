package quota

import (
	"context"
	"sync"
	"time"
)

// combiner joins what many requests add to one counter at the same time: while
// one addition is under way, all others to the counter wait and then go out as
// one. So a flood of requests that share a limit costs the store little, and the
// limit stays exact: each request learns the count as if it had come alone, in
// the order of joining.
type combiner struct {
	// send adds total to a counter.
	send func(ctx context.Context, id counterID, total int64) (count, previous int64, err error)

	// wait bounds each sending. The requests' own contexts do not: others depend
	// on it.
	wait time.Duration

	mu   sync.Mutex
	next map[counterID]*round // a counter has an entry while something is under way
}

// counterID names a counter in a store in the network.
type counterID struct {
	pseudonym     string // of rule and key
	index, expiry int64
}

// round is one addition to a counter for one or more requests.
type round struct {
	total int64
	done  chan struct{} // closed when the results below are there

	count, previous int64
	err             error
}

// part is one request's part of a round.
type part struct {
	round *round
	upTo  int64 // the sum of the round's parts up to this one
}

func newCombiner(wait time.Duration, send func(context.Context, counterID, int64) (int64, int64, error)) *combiner {
	return &combiner{send: send, wait: wait, next: make(map[counterID]*round)}
}

// join adds n to the next addition to a counter.
func (c *combiner) join(id counterID, n int64) part {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, busy := c.next[id]
	if r == nil {
		r = &round{done: make(chan struct{})}
		c.next[id] = r
	}
	r.total += n
	if !busy {
		go c.run(id)
	}
	return part{r, r.total}
}

// run sends rounds until nobody has joined.
func (c *combiner) run(id counterID) {
	for r := c.take(id); r != nil; r = c.take(id) {
		ctx, cancel := context.WithTimeout(context.Background(), c.wait)
		r.count, r.previous, r.err = c.send(ctx, id, r.total)
		cancel()
		close(r.done)
	}
}

// take closes the round that collects, or notes that nothing is under way.
func (c *combiner) take(id counterID) *round {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.next[id]
	if r == nil {
		delete(c.next, id)
	} else {
		c.next[id] = nil
	}
	return r
}

// result waits for the round and returns the counts for this part of it.
func (p part) result(ctx context.Context) (count, previous int64, err error) {
	select {
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	case <-p.round.done:
		r := p.round
		return r.count - r.total + p.upTo, r.previous, r.err
	}
}
