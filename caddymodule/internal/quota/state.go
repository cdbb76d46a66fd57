package quota

import "time"

// State is one rule's window after a request was counted in it.
type State struct {
	// Name is the rule's name for clients; empty for the zero State.
	Name string

	// Dimension is what the rule counts by.
	Dimension Dimension

	// Limit is the number of requests allowed in Window, Remaining what is left
	// of it.
	Limit, Remaining int64

	// Reset is how long Remaining has to last; where the limit is reached, how
	// long it takes until this request would pass, if no other came.
	Reset time.Duration

	// Reached means that this request exceeds the limit and must be refused.
	Reached bool

	// Window is the length of the window.
	Window time.Duration
}

// tighterThan orders states: a reached limit before any other, then the one
// with less left, then the one that lasts longer. Among reached limits the one
// that lasts longest is the tightest, so that waiting for it is enough.
func (s State) tighterThan(other State) bool {
	switch {
	case s.Reached != other.Reached:
		return s.Reached
	case s.Reached:
		return s.Reset > other.Reset
	case s.Remaining != other.Remaining:
		return s.Remaining < other.Remaining
	default:
		return s.Reset > other.Reset
	}
}
