package quota

import (
	"context"
	"errors"
)

// ErrUnavailable means that a request could not be counted. It must be refused.
var ErrUnavailable = errors.New("rate limit cannot be counted")

// Counters is where Limiters and Budgets count. Both methods are atomic for
// each tally, and safe for concurrent use.
type Counters interface {
	// Add adds Tally.Add, which is more than zero, to each counter, and fills in
	// the results. After an error nothing counts, unless a store in the network
	// may have counted what it could not confirm any more.
	Add(ctx context.Context, tallies []Tally) error

	// GiveBack takes Tally.Add away again from counters that Add has added to. No
	// counter falls below zero.
	GiveBack(ctx context.Context, tallies []Tally) error
}

// Tally is one addition to a counter. A counter is named by Rule, Key and Index.
type Tally struct {
	table tableIndex // of the memory store

	// Rule names what counts, such as "ip/1h/numverify/"; Key whom.
	Rule, Key string

	// Index numbers the window or calendar period. Expiry is when its count ceases
	// to matter, in nanoseconds since the Unix epoch: not before the period with
	// the next index has ended.
	Index, Expiry int64

	// Add is what to add.
	Add int64

	// Limit is what the rule allows. A store that for now counts for one replica
	// only lowers it to that replica's share.
	Limit int64

	// Count is the result: the counter with this addition. Previous is the
	// counter of the index before.
	Count, Previous int64

	// origin is where the tally was counted, and is to be given back.
	origin origin
}

// origin is the place that counted a tally.
type origin uint8

const (
	inStore   origin = iota // in the store itself
	locally                 // in the memory of this replica, in place of the store
	uncounted               // nowhere: everything passes
)
