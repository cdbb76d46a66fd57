package faults

import "time"

// NoAnswer is the status of lookups that got none.
const NoAnswer = 0

// Fault is one thing that goes wrong under load.
type Fault struct {
	Name string

	// Break makes it happen, and Mend ends it. During happens between them, in
	// place of letting the load run on for a while.
	Break, During, Mend func()

	// Seen are the statuses other than 200 that callers may get until lookups
	// are answered again. The first must be among what they got: else the fault
	// was none.
	Seen []int

	// May are statuses that callers may get as well.
	May []int

	// AuditAway says that entries cannot be written. Callers are refused then,
	// and of what has been looked up for them meanwhile an entry may tell later.
	AuditAway bool

	// Crash says that the process has no time to hand over its answers.
	Crash bool

	// Keys lists the keys that were shown to somebody else than the stand-in.
	Keys func() []string
}

// phaseOf is how long a fault lasts where a healthy phase lasts so long.
func phaseOf(healthy time.Duration) time.Duration { return healthy * 3 / 2 }
