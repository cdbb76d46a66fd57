package audit

import "context"

// Recorder is what entries are written to: a log, or several as one.
type Recorder interface {
	// Start writes that this process begins, unless it has begun already.
	Start() error

	// Write returns nil once the entry is durable.
	Write(ctx context.Context, e *Entry) error

	// Submit returns nil once the entry waits to be written.
	Submit(e *Entry) error

	// Record writes a control line, as Write writes an entry.
	Record(ctx context.Context, c Control) error

	// Close writes what waits. It may be called more than once.
	Close() error

	// Failing reports that nothing could be written of late.
	Failing() bool
}

var _ Recorder = (*Log)(nil)
