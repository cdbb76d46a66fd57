package quota

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// batch is what one request counts at a time. Batches are used again, because
// the tallies would otherwise be allocated for each request.
type batch struct {
	tallies []Tally
	windows []window
	rules   []*rule
	states  []State
	places  map[groupKey]int // the first tally of each group and key; nil where none can come again
}

type groupKey struct {
	group *group
	key   string
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func newBatch() *batch { return batches.Get().(*batch) }

// free hands the batch back, without the request's keys.
func (b *batch) free() {
	clear(b.tallies)
	b.places = nil
	b.tallies, b.windows, b.rules, b.states = b.tallies[:0], b.windows[:0], b.rules[:0], b.states[:0]
	batches.Put(b)
}

// add counts n of key. A key that comes again is one with its first coming: they
// pass together, so each must see what the others add.
func (b *batch) add(g *group, key string, n int64, now time.Time) {
	place, again := b.places[groupKey{g, key}]
	if again {
		for i := range g.rules {
			b.tallies[place+i].Add += n
		}
		return
	}
	if b.places != nil {
		b.places[groupKey{g, key}] = len(b.tallies)
	}
	for i := range g.rules {
		r := &g.rules[i]
		w := r.window(now)
		b.tallies = append(b.tallies, r.tally(key, n, w))
		b.windows = append(b.windows, w)
		b.rules = append(b.rules, r)
	}
}

// count counts the batch and works out the states. What is refused is given
// back.
func (b *batch) count(ctx context.Context, counters Counters) error {
	if err := counters.Add(ctx, b.tallies); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	reached := false
	for i := range b.tallies {
		state := b.rules[i].state(&b.tallies[i], b.windows[i])
		reached = reached || state.Reached
		b.states = append(b.states, state)
	}
	if !reached {
		return nil
	}
	// The request is refused already: where giving back fails, it stays counted.
	_ = counters.GiveBack(context.WithoutCancel(ctx), b.tallies)
	for i := range b.states {
		if state := &b.states[i]; state.Name != "" && !state.Reached {
			state.Remaining += b.tallies[i].Add
		}
	}
	return nil
}

// tightest returns the tightest state of a group's rules and keys.
func (b *batch) tightest(g *group) State {
	var tightest State
	for i, r := range b.rules {
		if r.set != g.set {
			continue
		}
		if tightest.Name == "" || b.states[i].tighterThan(tightest) {
			tightest = b.states[i]
		}
	}
	return tightest
}
