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

// sink is where a log writes. One goroutine at a time uses it.
type sink interface {
	// Ready makes the next Append possible. It reports whether the writing goes
	// on elsewhere than after the last Append, or that one failed, and then how
	// what is there ends.
	Ready() (end tail, moved bool, err error)

	// Append makes lines durable. When it fails, n of their bytes are thought to
	// be written, and Ready tells what is known.
	Append(lines []byte) (n int, err error)

	Close() error
}

// Log appends entries to a chain: each line holds the hash of the one before it.
// It is safe for concurrent use.
//
// One goroutine writes: it takes whatever waits, writes it at once, syncs once,
// and wakes everyone (a group commit). So the cost of a sync is shared, and a
// slow disk costs each request a bounded time.
//
// A sync holds on to a processor of the Go scheduler for a while. With
// GOMAXPROCS=1 nothing else runs meanwhile; have at least 2.
type Log struct {
	opts   Options
	sink   sink
	queue  chan *pending
	quit   chan struct{} // closed by Close
	done   chan struct{} // closed when the writer has ended
	once   sync.Once
	closed error // of the last writing; to be read after done
	pool   sync.Pool

	// appending is when the running attempt to write began, 0 between two. While
	// one hangs beyond the timeout, new entries are refused at once.
	appending atomic.Int64
	failing   atomic.Bool // the last attempt failed
	start     time.Time   // appending counts from here, on the monotonic clock

	gate      sync.RWMutex // held, for writing, by who closes quit
	submitted atomic.Int64 // lines that Submit took and that are not durable yet
}

// pending is one line on its way.
type pending struct {
	line  []byte     // without its envelope; empty if there is none to write
	done  chan error // capacity 1: the writer never waits for a waiter
	timer *time.Timer
	owner owner // is told instead of done, unless nil
}

// Open opens the audit file at path and starts the log; see Prepare and Start.
func Open(path string, opts Options) (*Log, error) {
	l, err := Prepare(path, opts)
	if err != nil {
		return nil, err
	}
	if err := l.Start(); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// Prepare returns a log for the audit file at path, which it only examines: a
// config can be checked while another process writes the file. The log starts
// with Start, or else with the first line written.
//
// Starting makes the file (mode 0600) and its directory (mode 0700) if need be.
// What an existing file allows to others, or to its group beyond reading, is
// taken away. Anything but a regular file is refused, a symbolic link included,
// and so is a file that ends with something else than lines of a chain.
//
// Next to the file a lock file is made, with ".lock" after its name: only one
// log at a time writes to a file. The audit file itself may be renamed or
// removed while the log is open: the chain goes on in a new file at path.
func Prepare(path string, opts Options) (*Log, error) {
	if err := opts.complete(); err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	file, err := newFileSink(path, opts.LockWait)
	if err != nil {
		return nil, fmt.Errorf("opening audit log %s: %w", path, err)
	}
	return newLog(file, opts), nil
}

// NewWriterLog returns a log that writes to w, such as os.Stdout. An entry
// counts as durable when w has taken it: what becomes of it then is up to
// whoever reads w. Each such log begins a chain of its own; there are no
// segments. Closing the log leaves w open.
func NewWriterLog(w io.Writer, opts Options) (*Log, error) {
	if err := opts.complete(); err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return newLog(newStreamSink(w), opts), nil
}

// OpenStdout returns a log that writes to the standard output. When nobody reads
// that any more, the Go runtime ends the process with SIGPIPE.
func OpenStdout(opts Options) (*Log, error) { return NewWriterLog(os.Stdout, opts) }

// newLog takes options that are complete.
func newLog(s sink, opts Options) *Log {
	l := &Log{
		opts:  opts,
		sink:  s,
		queue: make(chan *pending, opts.QueueLength),
		quit:  make(chan struct{}),
		done:  make(chan struct{}),
		start: time.Now(),
	}
	l.pool.New = func() any {
		return &pending{done: make(chan error, 1), timer: time.NewTimer(opts.Timeout)}
	}
	go l.run()
	return l
}

// Start writes that this process begins, unless it has begun already. It fails
// if the log cannot be written, or if another process still writes to the file
// after Options.LockWait.
func (l *Log) Start() error {
	p := l.pool.Get().(*pending)
	p.line = p.line[:0]
	return l.submit(context.Background(), p, l.opts.LockWait+l.opts.Timeout)
}

// Write returns nil once the entry is durable, and otherwise an error that is
// ErrUnavailable: after the timeout, when ctx ends, or when writing failed. The
// log recovers by itself; each Write tries anew. The entry is not kept.
func (l *Log) Write(ctx context.Context, e *Entry) error {
	if err := l.mayTake(ctx); err != nil {
		return err
	}
	p := l.pool.Get().(*pending)
	p.line = e.AppendJSON(p.line[:0])
	return l.submit(ctx, p, l.opts.Timeout)
}

// Record writes a control line, as Write writes an entry.
func (l *Log) Record(ctx context.Context, c Control) error {
	if err := l.mayTake(ctx); err != nil {
		return err
	}
	p := l.pool.Get().(*pending)
	p.line = c.appendJSON(p.line[:0])
	return l.submit(ctx, p, l.opts.Timeout)
}

func (l *Log) mayTake(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	if l.hangs() {
		return unavailable(errHangs)
	}
	return nil
}

// submit hands p to the writer and waits until it is durable.
func (l *Log) submit(ctx context.Context, p *pending, timeout time.Duration) error {
	if len(p.line) > MaxEntry {
		return unavailable(errTooLarge) // p is dropped: the pool keeps no large buffers
	}
	p.timer.Reset(timeout)

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

// Close writes what waits, signs it and closes the file. It waits no longer than the
// timeout; then the error is ErrUnavailable, and the writer ends when its
// system call returns. Close may be called more than once.
func (l *Log) Close() error {
	l.once.Do(l.shut)
	timer := time.NewTimer(l.opts.Timeout)
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
	return since != 0 && time.Since(l.start)-time.Duration(since) > l.opts.Timeout
}

var (
	errTimeout  = errors.New("timed out")
	errHangs    = errors.New("a write hangs")
	errTooLarge = fmt.Errorf("entry exceeds %d bytes", MaxEntry)
)

func unavailable(cause error) error { return fmt.Errorf("%w: %w", ErrUnavailable, cause) }
