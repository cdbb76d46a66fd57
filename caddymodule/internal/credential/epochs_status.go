package credential

import "time"

// epochsHealth is what the background work knows; Epochs.mu guards it.
type epochsHealth struct {
	failures    int // fetches in a row that missed a key
	lastErr     error
	lastErrAt   time.Time
	lastSuccess time.Time
	nextRefresh time.Time
}

// note takes in the outcome of a fetch.
func (e *Epochs) note(err error) {
	now := e.cfg.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	h := &e.health
	if err == nil {
		h.failures, h.lastSuccess = 0, now
		return
	}
	h.failures++
	h.lastErr, h.lastErrAt = err, now
}

// emit tells what happened to the key of one epoch.
func (e *Epochs) emit(kind EventKind, slot epochSlot) {
	e.cfg.OnEvent(Event{
		Kind:   kind,
		Source: e.keys.Describe() + "/" + slot.Name,
		At:     e.cfg.Now(),
		Err:    slot.err,
	})
}

// EpochsStatus is a snapshot of Epochs for health, metrics and admin. It holds no
// secret.
type EpochsStatus struct {
	Source  string         `json:"source"`
	Every   string         `json:"every"`
	Ready   bool           `json:"ready"` // Current gives a key
	Current EpochKeyStatus `json:"current"`

	// Next is the zero status until 24 h before its turn.
	Next EpochKeyStatus `json:"next,omitzero"`

	// LastSuccess is when Vault last gave all keys that were asked for. LastError
	// is the class of the last failure; it stays after a recovery. Failures counts
	// the fetches since LastSuccess.
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastError   string    `json:"last_error,omitempty"`
	LastErrorAt time.Time `json:"last_error_at,omitzero"`
	Failures    int       `json:"failures"`
	NextRefresh time.Time `json:"next_refresh,omitzero"`
}

// EpochKeyStatus is what is known of one epoch's key.
type EpochKeyStatus struct {
	Epoch     string    `json:"epoch"`
	Ends      time.Time `json:"ends"`
	Held      bool      `json:"held"`
	Created   time.Time `json:"created,omitzero"`
	Destroyed bool      `json:"destroyed"`       // deleted or destroyed in Vault
	Error     string    `json:"error,omitempty"` // class of the last reading's error
}

// Status returns a snapshot.
func (e *Epochs) Status() EpochsStatus {
	now, pair := e.cfg.Now(), e.held.Load()
	current := pair.slotOf(EpochAt(e.cfg.Every, now))
	s := EpochsStatus{
		Source:  e.keys.Describe(),
		Every:   e.cfg.Every,
		Ready:   current.key != nil,
		Current: current.status(),
	}
	if next := pair.at(current.End); next != nil {
		s.Next = next.status()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	h := e.health
	s.LastSuccess, s.LastError, s.LastErrorAt = h.lastSuccess, Class(h.lastErr), h.lastErrAt
	s.Failures, s.NextRefresh = h.failures, h.nextRefresh
	return s
}

func (s epochSlot) status() EpochKeyStatus {
	status := EpochKeyStatus{Epoch: s.Name, Ends: s.End, Held: s.key != nil, Destroyed: s.gone != nil, Error: Class(s.err)}
	if s.key != nil {
		status.Created = s.key.Created
	}
	return status
}
