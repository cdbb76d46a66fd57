package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lockedBuffer may be read while a log writes to it.
type lockedBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}

func TestWhatWasWrittenIsSignedInTime(t *testing.T) {
	signer, _ := testKeys(t)
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		l := newWriterLog(t, &out, Options{Signer: signer})
		count := func() int { synctest.Wait(); return strings.Count(out.String(), `"type":"checkpoint"`) }
		must(t, l.Write(t.Context(), entry("1")))
		if got := count(); got != 1 {
			t.Errorf("%d checkpoints at the start, want 1", got)
		}
		time.Sleep(DefaultCheckpointEvery / 2)
		must(t, l.Write(t.Context(), entry("2")))
		time.Sleep(DefaultCheckpointEvery/2 - time.Second)
		if got := count(); got != 1 {
			t.Errorf("%d checkpoints before it is time, want 1", got)
		}
		time.Sleep(time.Second)
		if got := count(); got != 2 {
			t.Errorf("%d checkpoints a minute after the first entry, want 2", got)
		}
		time.Sleep(10 * DefaultCheckpointEvery)
		if got := count(); got != 2 {
			t.Errorf("%d checkpoints when nothing was written, want 2", got)
		}
		must(t, l.Write(t.Context(), entry("3")))
		must(t, l.Close())
		if got := count(); got != 3 {
			t.Errorf("%d checkpoints after closing, want 3", got)
		}
	})
}

func TestWithoutAKeyNothingIsSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		l := newWriterLog(t, &out, Options{CheckpointEntries: 1})
		must(t, l.Write(t.Context(), entry("1")))
		time.Sleep(2 * DefaultCheckpointEvery)
		must(t, l.Close())
		if strings.Contains(out.String(), "checkpoint") || strings.Count(out.String(), "\n") != 2 {
			t.Errorf("got %s", out.String())
		}
	})
}

// Old entries go in time even if nobody looks up anything any more.
func TestRetentionNeedsNoTraffic(t *testing.T) {
	signer, verifiers := testKeys(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	synctest.Test(t, func(t *testing.T) {
		opts := Options{Signer: signer, Retain: 3 * 24 * time.Hour, Instance: "i"}
		must(t, opts.complete())
		s, err := newFileSink(path, 0)
		must(t, err)
		s.sync = func(*os.File) error { return nil }
		l := newLog(s, opts)
		must(t, l.Write(t.Context(), at("to-be-gone", time.Now())))
		time.Sleep(2 * 24 * time.Hour)
		if !holds(t, dir, "to-be-gone") {
			t.Error("gone too early")
		}
		time.Sleep(3 * 24 * time.Hour)
		synctest.Wait()
		if holds(t, dir, "to-be-gone") {
			t.Error("still there")
		}
		must(t, l.Close())
	})
	if report, err := Verify([]string{dir}, VerifyOptions{Verifiers: verifiers}); err != nil || report.Chains[0].Deleted == 0 {
		t.Errorf("got %+v, %v", report, err)
	}
}

func holds(t *testing.T, dir, text string) bool {
	t.Helper()
	for line, err := range Lines(dir) {
		must(t, err)
		if bytes.Contains(line.Text, []byte(text)) {
			return true
		}
	}
	return false
}
