//go:build unix

package audit

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// rotating is a log that is written and rotated all the time, until the test ends.
func rotating(t *testing.T, path string, opts Options) *atomic.Int64 {
	t.Helper()
	opts.MaxSize = 4 << 10
	l := openWith(t, path, opts)
	written, over, ended := new(atomic.Int64), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			default:
			}
			if err := l.Write(context.Background(), entry(fmt.Sprint(i))); err != nil {
				t.Error(err)
				return
			}
			written.Add(1)
		}
	}()
	t.Cleanup(func() { close(over); <-ended })
	return written
}

// TestLogsVerifyWhileTheyAreRotated: files that are renamed, begun or deleted
// meanwhile are not taken for tampering.
func TestLogsVerifyWhileTheyAreRotated(t *testing.T) {
	for name, retain := range map[string]time.Duration{"all kept": 0, "some deleted": 20 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			signer, verifiers := testKeys(t)
			dir := t.TempDir()
			path := filepath.Join(dir, "audit.jsonl")
			written := rotating(t, path, Options{Signer: signer, Retain: retain})
			for range 100 {
				for _, paths := range [][]string{{dir}, {path, filepath.Join(dir, "audit-*Z-*.jsonl")}} {
					before := written.Load()
					report, err := Verify(paths, VerifyOptions{Verifiers: verifiers})
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
	rotating(t, filepath.Join(dir, "audit.jsonl"), Options{})
	for range 100 {
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
