package quota

import (
	"context"
	"errors"
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
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func newBatch() *batch { return batches.Get().(*batch) }

// free hands the batch back, without the request's keys.
func (b *batch) free() {
	clear(b.tallies)
	b.tallies, b.windows, b.rules, b.states = b.tallies[:0], b.windows[:0], b.rules[:0], b.states[:0]
	batches.Put(b)
}

func (b *batch) add(g *group, key string, n int64, now time.Time) {
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
	n := b.tallies[0].Add
	if n < 1 {
		return errors.New("counting less than one request")
	}
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
			state.Remaining += n
		}
	}
	return nil
}

// tightest returns the tightest state of a group's rules.
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
