package credential

import "time"

// EventKind says what happened to a credential.
type EventKind string

// The events.
const (
	EventRefreshFailed EventKind = "refresh_failed" // the first failed fetch after a good one
	EventRecovered     EventKind = "recovered"      // the first good fetch after a failed one
	EventRotated       EventKind = "rotated"        // another version or content is used now
	EventRejected      EventKind = "rejected"       // the provider refused the value
	EventStale         EventKind = "stale"          // the value is too old to be used
	EventOverdue       EventKind = "overdue"        // the value should have been rotated by now

	// Of Epochs alone, beside refresh_failed, recovered and rotated.
	EventCreated   EventKind = "created"   // this instance made the key of an epoch
	EventDestroyed EventKind = "destroyed" // the key of an epoch is found deleted or destroyed
)

// Event is told to KeeperConfig.OnEvent and EpochsConfig.OnEvent. It holds no
// secret.
type Event struct {
	Kind   EventKind
	Source string // Source.Describe
	At     time.Time

	// Version is the version in use, OldVersion the one before a rotation; 0
	// where the source has no versions.
	Version    int
	OldVersion int

	// Age is the time since the last good fetch.
	Age time.Duration

	// Err is why a fetch failed. Its text can be logged.
	Err error
}

// emit completes an event and passes it on.
func (k *Keeper) emit(e Event, h *held) {
	e.Source = k.cfg.Source.Describe()
	e.At = k.cfg.Now()
	if h != nil {
		e.Version = h.value.Version
		e.Age = e.At.Sub(h.lastGood)
	}
	k.cfg.OnEvent(e)
}

// Status is a snapshot of a Keeper for health, metrics and admin. It holds no
// secret.
type Status struct {
	Source      string        `json:"source"`
	Ready       bool          `json:"ready"` // Current gives a value
	Stale       bool          `json:"stale"`
	Version     int           `json:"version,omitempty"`
	Created     time.Time     `json:"created,omitzero"`
	Overdue     bool          `json:"overdue"`
	Age         time.Duration `json:"age"` // since LastSuccess, in nanoseconds
	LastSuccess time.Time     `json:"last_success,omitzero"`

	// LastError is the class of the last failed fetch; it stays after a
	// recovery. Failures counts the failed fetches since the last good one.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorAt time.Time `json:"last_error_at,omitzero"`
	Failures    int       `json:"failures"`

	NextRefresh   time.Time `json:"next_refresh,omitzero"`
	CoolingUntil  time.Time `json:"cooling_until,omitzero"`
	PreviousUntil time.Time `json:"previous_until,omitzero"` // end of the grace time
}

// Status returns a snapshot.
func (k *Keeper) Status() Status {
	now := k.cfg.Now()
	s := Status{Source: k.cfg.Source.Describe()}
	if h := k.held.Load(); h != nil {
		s.Version, s.Created = h.value.Version, h.value.Created
		s.LastSuccess, s.Age = h.lastGood, now.Sub(h.lastGood)
		s.Stale = s.Age > k.cfg.MaxStale
		s.Ready = !s.Stale
		if h.previous != nil && now.Before(h.previousUntil) {
			s.PreviousUntil = h.previousUntil
		}
	}
	s.CoolingUntil, _ = k.Cooling()
	k.mu.Lock()
	defer k.mu.Unlock()
	s.LastError, s.LastErrorAt = Class(k.health.lastErr), k.health.lastErrAt
	s.Failures, s.NextRefresh, s.Overdue = k.health.failures, k.health.nextRefresh, k.health.overdue
	return s
}
