package audit

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// The defaults and bounds of a log.
const (
	DefaultTimeout           = 2 * time.Second
	DefaultQueueLength       = 1024
	DefaultLockWait          = 5 * time.Second
	DefaultCheckpointEvery   = time.Minute
	DefaultCheckpointEntries = 1000
	DefaultMaxAge            = 24 * time.Hour // when Retain is set

	// MaxEntry is the most bytes that one entry may have as a line, without its
	// place in the chain.
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

	// LockWait bounds how long the log waits, when it starts, for another
	// process to let go of the file, as the old process of a restart does.
	// Default: DefaultLockWait.
	LockWait time.Duration

	// Instance names this process among others of the same service: 1 to 128
	// letters, digits, ".", "_" or "-". It should stay the same for the same log.
	// Default: the host's name.
	Instance string

	// Version and Config are recorded whenever the log starts: the software's
	// version and a digest of the config. Default: left out.
	Version string
	Config  string

	// Signer signs checkpoints; see ParseSigner. Without one the lines are only
	// chained, and whoever can write the file can rewrite it all.
	Signer note.Signer

	// CheckpointEntries and CheckpointEvery say after how many lines and after
	// what time at most a line is signed. Default: DefaultCheckpointEntries and
	// DefaultCheckpointEvery.
	CheckpointEntries int
	CheckpointEvery   time.Duration

	// OnCheckpoint is handed each checkpoint's note once it is durable. A note
	// kept elsewhere proves later that nothing before it was cut off. It is
	// called by the goroutine that writes, and must not wait. Default: none.
	OnCheckpoint func(note string)

	// MaxSize and MaxAge bound a file, in bytes and since its first line. Then it
	// is renamed to a segment and a new one is begun. Default: no bounds; but
	// with Retain, MaxAge is DefaultMaxAge.
	MaxSize int64
	MaxAge  time.Duration

	// Retain is how long a segment is kept after its last line. Default: for
	// ever.
	Retain time.Duration

	// OnProblem is told what kept a file from being rotated, a segment from
	// being deleted or a checkpoint from being written: entries are written all
	// the same. It is called like OnCheckpoint. Default: none.
	OnProblem func(error)
}

// complete sets the defaults and checks the rest.
func (o *Options) complete() error {
	setDefault(&o.Timeout, DefaultTimeout)
	setDefault(&o.QueueLength, DefaultQueueLength)
	setDefault(&o.LockWait, DefaultLockWait)
	setDefault(&o.CheckpointEntries, DefaultCheckpointEntries)
	setDefault(&o.CheckpointEvery, DefaultCheckpointEvery)
	if o.Retain > 0 {
		setDefault(&o.MaxAge, DefaultMaxAge)
	}
	if o.OnCheckpoint == nil {
		o.OnCheckpoint = func(string) {}
	}
	if o.OnProblem == nil {
		o.OnProblem = func(error) {}
	}
	if o.Instance == "" {
		o.Instance = hostInstance()
	}
	if !validInstance(o.Instance) {
		return errInstance
	}
	return nil
}

func setDefault[T int | time.Duration](value *T, to T) {
	if *value <= 0 {
		*value = to
	}
}

var errInstance = fmt.Errorf("instance: want 1 to %d letters, digits, \".\", \"_\" or \"-\"", maxInstance)

// hostInstance makes an instance's name out of the host's.
func hostInstance() string {
	name, _ := os.Hostname()
	name = strings.Map(func(c rune) rune {
		if notInKeyID(c) {
			return '-'
		}
		return c
	}, name)
	if name = name[:min(len(name), maxInstance)]; name == "" {
		return "unnamed"
	}
	return name
}
