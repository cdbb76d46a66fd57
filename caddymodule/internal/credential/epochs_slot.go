package credential

import (
	"errors"
	"fmt"
	"time"
)

// epochSlot is what is known of one epoch's key. A slot that requests can see is
// never changed; another takes its place.
type epochSlot struct {
	Epoch
	key  *EpochKey // nil while there is none to use
	gone error     // the key is deleted or destroyed: what Current returns
	err  error     // of the last reading; nil after a good one

	seen   bool // Vault had a key, so this process never makes one
	former bool // the clock went back to this epoch: its key is only read
}

// mayCreate reports whether a missing key is to be made.
func (s epochSlot) mayCreate() bool { return !s.seen && !s.former }

// epochAnswer is what came of one try to get a key.
type epochAnswer struct {
	key     *EpochKey
	created bool
	err     error
}

// after is the slot after an answer, with what is to be told of it.
func (s epochSlot) after(a epochAnswer) (next epochSlot, told []EventKind) {
	next = s
	next.err = a.err
	switch {
	case a.err == nil:
		next.seen, next.gone = true, nil
		if s.err != nil {
			told = append(told, EventRecovered)
		}
		if a.created {
			told = append(told, EventCreated)
		}
		if !s.key.equal(a.key) {
			next.key = a.key
			if s.key != nil {
				told = append(told, EventRotated)
			}
		}
	case errors.Is(a.err, ErrDeleted), s.seen && errors.Is(a.err, ErrNotFound):
		next.seen, next.key = true, nil
		next.gone = fmt.Errorf("the pseudonym key of epoch %s is deleted or destroyed in Vault, and no other takes its place before %s: %w",
			s.Name, s.End.Format(time.RFC3339), ErrDeleted)
		next.err = next.gone
		if s.gone == nil {
			told = append(told, EventDestroyed)
		}
	case s.err == nil:
		told = append(told, EventRefreshFailed)
	}
	return next, told
}

// epochPair is what Epochs holds: the epoch of the last fetch and, once its turn is
// near, the next one.
type epochPair struct{ current, next *epochSlot }

// at returns the slot of the epoch of a moment, nil for none. A nil pair has none.
func (p *epochPair) at(t time.Time) *epochSlot {
	switch {
	case p == nil:
		return nil
	case p.current.contains(t):
		return p.current
	case p.next != nil && p.next.contains(t):
		return p.next
	default:
		return nil
	}
}

// slotOf returns the slot of an epoch to go on with, an empty one where the pair
// has none. An epoch before the current one is a former one: it may have been
// forgotten, metadata and all.
func (p *epochPair) slotOf(epoch Epoch) epochSlot {
	if slot := p.at(epoch.Start); slot != nil {
		return *slot
	}
	return epochSlot{Epoch: epoch, former: p != nil && epoch.Start.Before(p.current.Start)}
}

// turnedTo makes an epoch the current one, and keeps what is known of the one after
// it.
func (p *epochPair) turnedTo(slot *epochSlot) *epochPair {
	return &epochPair{current: slot, next: p.at(slot.End)}
}

// followedBy sets the next epoch.
func (p *epochPair) followedBy(slot *epochSlot) *epochPair {
	return &epochPair{current: p.current, next: slot}
}
