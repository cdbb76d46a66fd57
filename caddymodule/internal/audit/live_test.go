//go:build unix

package audit

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// manyEntries fill some fifty files.
const manyEntries = 600

// rotating is a log that is written and rotated until it has manyEntries. It counts
// them.
func rotating(t *testing.T, path string, opts Options) *atomic.Int64 {
	t.Helper()
	opts.MaxSize = 4 << 10
	l := openWith(t, path, opts)
	written, ended := new(atomic.Int64), make(chan struct{})
	mustWrite(t, l, "first")
	go func() {
		defer close(ended)
		for written.Load() < manyEntries {
			if err := l.Write(context.Background(), entry("next")); err != nil {
				t.Error(err)
				written.Store(manyEntries)
			}
			written.Add(1)
		}
	}()
	t.Cleanup(func() { <-ended })
	return written
}

// TestLogsVerifyWhileTheyAreRotated: files that are renamed, begun or deleted
// meanwhile are not taken for tampering.
func TestLogsVerifyWhileTheyAreRotated(t *testing.T) {
	for name, retain := range map[string]time.Duration{"all kept": 0, "some deleted": 300 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			signer, verifiers := testKeys(t)
			dir := t.TempDir()
			path := filepath.Join(dir, "audit.jsonl")
			written := rotating(t, path, Options{Signer: signer, Retain: retain})
			for written.Load() < manyEntries {
				for _, paths := range [][]string{{dir}, {path, filepath.Join(dir, "audit-*Z-*.jsonl")}} {
					before := written.Load()
					report, err := Verify(paths, VerifyOptions{Verifiers: verifiers})
					if errors.Is(err, errGone) {
						continue // segments went faster than they were read, which is no tampering
					}
					if err != nil {
						t.Fatal(err)
					}
					if len(report.Chains) != 1 || retain == 0 && report.Chains[0].Entries < before {
						t.Fatalf("%d entries were written before: %+v", before, report)
					}
				}
			}
		})
	}
}

// TestLogsAreReadWhileTheyAreRotated: no line is left out.
func TestLogsAreReadWhileTheyAreRotated(t *testing.T) {
	dir := t.TempDir()
	written := rotating(t, filepath.Join(dir, "audit.jsonl"), Options{})
	for written.Load() < manyEntries {
		var last uint64
		for line, err := range Lines(dir) {
			if err != nil {
				t.Fatal(err)
			}
			if line.Seq == 0 {
				continue // it is being written
			}
			if line.Seq != last+1 {
				t.Fatalf("line %d after %d", line.Seq, last)
			}
			last = line.Seq
		}
	}
}
