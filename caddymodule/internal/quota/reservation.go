package quota

import (
	"context"
	"fmt"
	"sync"
)

// Reservation is what one request may spend. It is safe for concurrent use.
type Reservation struct {
	counters Counters

	mu      sync.Mutex
	tallies []Tally
	left    int64
}

// Left returns what is reserved and not given back.
func (r *Reservation) Left() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.left
}

// Refund gives back what the provider did not charge, to the periods that it
// was reserved in; no more than is left of the reservation. After an error it
// counts as spent.
func (r *Reservation) Refund(ctx context.Context, amount int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	amount = min(amount, r.left)
	if amount <= 0 {
		return nil
	}
	r.left -= amount
	for i := range r.tallies {
		r.tallies[i].Add = amount
	}
	if err := r.counters.GiveBack(ctx, r.tallies); err != nil {
		return fmt.Errorf("giving back what was not spent: %w", err)
	}
	return nil
}
