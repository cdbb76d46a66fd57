package audit

import (
	"errors"
	"fmt"
	"time"
)

// ErrBroken means that a log is not what was written.
var ErrBroken = errors.New("audit log does not verify")

// Report is what Verify found.
type Report struct {
	Chains []ChainReport
}

// ChainReport is about the lines that one log wrote, in all their files.
type ChainReport struct {
	// Instance is the name of who wrote last.
	Instance string

	// Files counts the files, Lines the lines in them, and Entries and
	// Checkpoints those that are such.
	Files       int
	Lines       int64
	Entries     int64
	Checkpoints int64

	// FirstSeq and LastSeq are the first and the last line that is there.
	FirstSeq uint64
	LastSeq  uint64

	// Unsigned counts the entries that no checkpoint covers yet.
	Unsigned int64

	// Deleted counts the lines that are gone, as tombstones say.
	Deleted uint64

	// Torn counts the times that a crash or a full disk tore lines, TornBytes
	// what is left of these. Each is recorded in the log.
	Torn      int
	TornBytes int64

	// Unfinished counts the bytes after the last whole line: a process is writing,
	// or was ended while it was.
	Unfinished int64

	// From and To are the first and last time of an entry; zero without entries.
	From, To time.Time

	// Bad is the first line that is wrong; nil if all is well. Then the counts go
	// no further than to that line.
	Bad *Finding
}

// Finding names a line that is wrong.
type Finding struct {
	File string // empty if there is no such line
	Line int    // counts from 1
	Seq  uint64 // as the line says; 0 if it says nothing
	What string
}

// Error names the line and says what is wrong. It repeats nothing of the line.
func (f *Finding) Error() string {
	switch {
	case f.File == "":
		return f.What
	case f.Seq == 0:
		return fmt.Sprintf("%s: line %d: %s", f.File, f.Line, f.What)
	}
	return fmt.Sprintf("%s: line %d (seq %d): %s", f.File, f.Line, f.Seq, f.What)
}

// Unwrap makes a finding an ErrBroken.
func (f *Finding) Unwrap() error { return ErrBroken }

// broken joins what was found.
func (r *Report) broken() error {
	var findings []error
	for _, chain := range r.Chains {
		if chain.Bad != nil {
			findings = append(findings, chain.Bad)
		}
	}
	return errors.Join(findings...)
}
