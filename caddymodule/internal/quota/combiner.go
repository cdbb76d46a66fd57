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
// the order of joining. What one request adds to several counters goes out
// together.
type combiner struct {
	// send adds each round's total to its counter and fills in the results.
	send func(ctx context.Context, rounds []*round)

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

// addition is what a request adds to one counter.
type addition struct {
	id counterID
	n  int64
}

// round is one addition to a counter for one or more requests.
type round struct {
	id    counterID
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

func newCombiner(wait time.Duration, send func(context.Context, []*round)) *combiner {
	return &combiner{send: send, wait: wait, next: make(map[counterID]*round)}
}

// join adds to the next round of each counter, and returns the parts in the same
// order.
func (c *combiner) join(additions []addition) []part {
	parts := make([]part, len(additions))
	var idle []counterID
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, a := range additions {
		r, busy := c.next[a.id]
		if r == nil {
			r = &round{id: a.id, done: make(chan struct{})}
			c.next[a.id] = r
		}
		if !busy {
			idle = append(idle, a.id)
		}
		r.total += a.n
		parts[i] = part{r, r.total}
	}
	if len(idle) > 0 {
		go c.run(idle)
	}
	return parts
}

// run sends the rounds of these counters, until nobody has joined any.
func (c *combiner) run(ids []counterID) {
	for rounds := c.take(ids); len(rounds) > 0; rounds = c.take(ids) {
		ids = ids[:0]
		for _, r := range rounds {
			ids = append(ids, r.id)
		}
		ctx, cancel := context.WithTimeout(context.Background(), c.wait)
		c.send(ctx, rounds)
		cancel()
		for _, r := range rounds {
			close(r.done)
		}
	}
}

// take closes the rounds that collect, and notes where nothing is under way.
func (c *combiner) take(ids []counterID) []*round {
	c.mu.Lock()
	defer c.mu.Unlock()
	rounds := make([]*round, 0, len(ids))
	for _, id := range ids {
		r := c.next[id]
		if r == nil {
			delete(c.next, id)
			continue
		}
		c.next[id] = nil
		rounds = append(rounds, r)
	}
	return rounds
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
