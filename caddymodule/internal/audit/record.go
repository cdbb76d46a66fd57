package audit

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrMalformed means that a line is not one that Ringward writes: torn by a crash,
// changed by hand, or of a version that has kinds of lines this one does not know.
var ErrMalformed = errors.New("malformed audit line")

// Kind says what a line is.
type Kind string

// The kinds. Those of control lines are about the ledger itself.
const (
	KindResult     Kind = ""       // what became of a request
	KindIntent     Kind = "intent" // that a request is about to reach the provider
	KindStart      Kind = "start"
	KindCheckpoint Kind = "checkpoint"
	KindTombstone  Kind = "tombstone"
	KindForget     Kind = "forget"
	KindMissed     Kind = "missed"
)

// known reports whether this version knows the kind.
func (k Kind) known() bool { return k == KindResult || k == KindIntent || k.IsControl() }

// IsControl reports that a line of this kind is about the ledger, not a request.
func (k Kind) IsControl() bool {
	switch k {
	case KindStart, KindCheckpoint, KindTombstone, KindForget, KindMissed:
		return true
	default:
		return false
	}
}

// Record is a line of the log, read back.
type Record struct {
	// Chained reports that the line is part of a ledger. Seq is its place there,
	// Prev the hash of the line before.
	Chained bool
	Seq     uint64
	Prev    [32]byte

	// Kind says what the line is.
	Kind Kind

	// Entry is the entry; of a control line it has the time only.
	Entry
}

// maxRecord is an entry with its envelope.
const maxRecord = MaxEntry + 256

// ParseRecord reads a line of the log, with or without its newline. Members that
// it does not know are passed over, because a newer version may have written
// them. All else must be as audit.schema.json has it, or the error is
// ErrMalformed; it repeats nothing of the line.
func ParseRecord(line []byte) (Record, error) {
	line = bytes.TrimSuffix(line, []byte("\n"))
	if len(line) > maxRecord {
		return Record{}, malformed("is too long")
	}
	if bytes.IndexByte(line, '\n') >= 0 {
		return Record{}, malformed("is more than one line")
	}
	r := recordReaders.Get().(*recordReader)
	defer recordReaders.Put(r)
	return r.read(line)
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }
