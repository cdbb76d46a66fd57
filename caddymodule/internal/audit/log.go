package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// ErrUnavailable means that an entry is not known to be durable. The answer
	// it belongs to must not leave. The entry may still turn up in the log.
	ErrUnavailable = errors.New("audit log unavailable")

	// ErrClosed means that the log has been closed. It is an ErrUnavailable.
	ErrClosed = fmt.Errorf("%w: closed", ErrUnavailable)
)

// The defaults and bounds of a log.
const (
	DefaultTimeout     = 2 * time.Second
	DefaultQueueLength = 1024

	// MaxEntry is the most bytes that one entry may have as a line.
	MaxEntry = 64 << 10

	// maxBatch bounds what one write takes, and so the writer's buffer.
	maxBatch = 1 << 20
)

// Options tune a log. The zero value has the defaults.
type Options struct {
	// Timeout bounds how long Write waits for its entry to be durable, and
	// Close for the queue to empty. Default: DefaultTimeout.
	Timeout time.Duration

	// QueueLength bounds the entries that wait to be written. Default:
	// DefaultQueueLength.
	QueueLength int
}

// sink is where a log writes. One goroutine at a time uses it.
type sink interface {
	// Append makes lines durable. When it fails, some of them may have been
	// written, the last one in part. The next Append starts on a line of its own.
	Append(lines []byte) error
	Close() error
}

// Log appends entries. It is safe for concurrent use.
//
// One goroutine writes: it takes whatever waits, writes it at once, syncs once,
// and wakes everyone (a group commit). So the cost of a sync is shared, and a
// slow disk costs each request a bounded time.
//
// A sync holds on to a processor of the Go scheduler for a while. With
// GOMAXPROCS=1 nothing else runs meanwhile; have at least 2.
type Log struct {
	sink    sink
	timeout time.Duration
	queue   chan *pending
	quit    chan struct{} // closed by Close
	done    chan struct{} // closed when the writer has ended
	once    sync.Once
	closed  error // of the sink; to be read after done
	pool    sync.Pool

	// appending is when the running Append began, 0 between two. While one
	// hangs beyond the timeout, new entries are refused at once.
	appending atomic.Int64
	failing   atomic.Bool // the last Append failed
	start     time.Time   // appending counts from here, on the monotonic clock
}

// pending is one entry on its way.
type pending struct {
	line  []byte
	done  chan error // capacity 1: the writer never waits for a waiter
	timer *time.Timer
}

// Open opens the audit file at path, making it (mode 0600) and its directory
// (mode 0700) if need be. What an existing file allows to others, or to its
// group beyond reading, is taken away. Anything but a regular file is refused,
// a symbolic link included.
//
// The file may be renamed or removed while the log is open: the next entry goes
// to a new file at path. A second process may append to the same file, as one
// does while it checks a new config; the worst that comes of it is an empty line.
func Open(path string, opts Options) (*Log, error) {
	file, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	return newLog(file, opts), nil
}

// NewWriterLog returns a log that writes to w, such as os.Stdout. An entry
// counts as durable when w has taken it: what becomes of it then is up to
// whoever reads w. Closing the log leaves w open.
func NewWriterLog(w io.Writer, opts Options) *Log {
	return newLog(&streamSink{w: w}, opts)
}

// OpenStdout returns a log that writes to the standard output. When nobody reads
// that any more, the Go runtime ends the process with SIGPIPE.
func OpenStdout(opts Options) *Log { return NewWriterLog(os.Stdout, opts) }

func newLog(s sink, opts Options) *Log {
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	if opts.QueueLength <= 0 {
		opts.QueueLength = DefaultQueueLength
	}
	l := &Log{
		sink:    s,
		timeout: opts.Timeout,
		queue:   make(chan *pending, opts.QueueLength),
		quit:    make(chan struct{}),
		done:    make(chan struct{}),
		start:   time.Now(),
	}
	l.pool.New = func() any {
		return &pending{done: make(chan error, 1), timer: time.NewTimer(l.timeout)}
	}
	go l.run()
	return l
}

// Write returns nil once the entry is durable, and otherwise an error that is
// ErrUnavailable: after the timeout, when ctx ends, or when writing failed. The
// log recovers by itself; each Write tries anew. The entry is not kept.
func (l *Log) Write(ctx context.Context, e *Entry) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	if l.hangs() {
		return unavailable(errHangs)
	}
	p := l.pool.Get().(*pending)
	p.line = e.AppendJSON(p.line[:0])
	if len(p.line) > MaxEntry {
		return unavailable(errTooLarge) // p is dropped: the pool keeps no large buffers
	}
	p.timer.Reset(l.timeout)

	select {
	case <-l.quit:
		return ErrClosed
	default:
	}
	select {
	case l.queue <- p:
	case <-l.quit:
		return ErrClosed
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case <-p.timer.C:
		return unavailable(errTimeout)
	}
	return l.await(ctx, p)
}

// await waits for the writer's word on p. Only a p that the writer has let go
// may be used again.
func (l *Log) await(ctx context.Context, p *pending) error {
	select {
	case err := <-p.done:
		return l.finish(p, err)
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case <-p.timer.C:
		return unavailable(errTimeout)
	case <-l.done:
	}
	// The writer has ended. It may have written p before, or never have seen it.
	select {
	case err := <-p.done:
		return l.finish(p, err)
	default:
		return ErrClosed
	}
}

func (l *Log) finish(p *pending, err error) error {
	p.timer.Stop()
	l.pool.Put(p)
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// Close writes what waits and closes the file. It waits no longer than the
// timeout; then the error is ErrUnavailable, and the writer ends when its
// system call returns. Close may be called more than once.
func (l *Log) Close() error {
	l.once.Do(func() { close(l.quit) })
	timer := time.NewTimer(l.timeout)
	defer timer.Stop()
	select {
	case <-l.done:
		return l.closed
	case <-timer.C:
		return unavailable(errTimeout)
	}
}

// Failing reports that the last attempt to write did not succeed, or hangs.
// Only another Write can find out whether the log works again.
func (l *Log) Failing() bool { return l.failing.Load() || l.hangs() }

func (l *Log) hangs() bool {
	since := l.appending.Load()
	return since != 0 && time.Since(l.start)-time.Duration(since) > l.timeout
}

var (
	errTimeout  = errors.New("timed out")
	errHangs    = errors.New("a write hangs")
	errTooLarge = fmt.Errorf("entry exceeds %d bytes", MaxEntry)
)

func unavailable(cause error) error { return fmt.Errorf("%w: %w", ErrUnavailable, cause) }
