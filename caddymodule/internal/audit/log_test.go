package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// blockedSink takes lines only when it is let.
type blockedSink struct {
	release chan error // one value lets one Append end
	got     [][]byte
	closed  bool
}

func newBlockedSink() *blockedSink { return &blockedSink{release: make(chan error)} }

func (s *blockedSink) Ready() (tail, bool, error) { return tail{empty: true}, true, nil }

func (s *blockedSink) Append(lines []byte) (int, error) {
	s.got = append(s.got, bytes.Clone(lines))
	return len(lines), <-s.release
}

func (s *blockedSink) Close() error { s.closed = true; return nil }

// testLog opens a log on a sink, and newWriterLog one on a writer.
func testLog(t *testing.T, s sink, opts Options) *Log {
	t.Helper()
	must(t, opts.complete())
	return newLog(s, opts)
}

func newWriterLog(t *testing.T, w io.Writer, opts Options) *Log {
	t.Helper()
	return testLog(t, newStreamSink(w), opts)
}

func entry(id string) *Entry { return &Entry{RequestID: id, Decision: Answered, Status: 200} }

// writeAsync writes n entries, each from a goroutine of its own.
func writeAsync(t *testing.T, l *Log, n int) <-chan error {
	t.Helper()
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- l.Write(t.Context(), entry(fmt.Sprint(i))) }()
	}
	synctest.Wait()
	return errs
}

func countEntries(lines []byte) int { return bytes.Count(lines, []byte(`"request_id":`)) }

func TestWaitingEntriesShareOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBlockedSink()
		l := testLog(t, s, Options{})
		first := writeAsync(t, l, 1)
		rest := writeAsync(t, l, 50)
		if len(first) != 0 || len(rest) != 0 {
			t.Fatal("an entry was acknowledged before it was written")
		}
		s.release <- nil
		synctest.Wait()
		if err := <-first; err != nil {
			t.Fatal(err)
		}
		if len(rest) != 0 {
			t.Fatal("entries were acknowledged by another batch's write")
		}
		s.release <- nil
		for range 50 {
			if err := <-rest; err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if len(s.got) != 2 || countEntries(s.got[0]) != 1 || countEntries(s.got[1]) != 50 {
			t.Errorf("%d writes, want 2 with 1 and 50 entries", len(s.got))
		}
	})
}

func TestAFailedWriteFailsAllItsEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBlockedSink()
		l := testLog(t, s, Options{})
		cause := errors.New("no space")
		first, rest := writeAsync(t, l, 1), writeAsync(t, l, 5)
		s.release <- nil
		s.release <- cause
		if err := <-first; err != nil {
			t.Error(err)
		}
		for range 5 {
			if err := <-rest; !errors.Is(err, ErrUnavailable) || !errors.Is(err, cause) {
				t.Errorf("got %v", err)
			}
		}
		again := writeAsync(t, l, 1)
		s.release <- nil
		if err := <-again; err != nil {
			t.Errorf("after the failure: %v", err)
		}
		_ = l.Close()
	})
}

func TestAHangingDiskCostsABoundedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBlockedSink()
		l := testLog(t, s, Options{QueueLength: 1})
		start := time.Now()
		first := writeAsync(t, l, 1) // being written
		rest := writeAsync(t, l, 2)  // one queued, one without a place
		for _, err := range []error{<-first, <-rest, <-rest} {
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if waited := time.Since(start); waited != DefaultTimeout {
			t.Errorf("waited %v, want %v", waited, DefaultTimeout)
		}

		time.Sleep(time.Millisecond)
		start = time.Now()
		if err := l.Write(t.Context(), entry("x")); !errors.Is(err, errHangs) || !errors.Is(err, ErrUnavailable) {
			t.Errorf("while the write hangs: %v", err)
		}
		if err := l.Close(); !errors.Is(err, ErrUnavailable) {
			t.Errorf("closing while the write hangs: %v", err)
		}
		if waited := time.Since(start); waited != DefaultTimeout {
			t.Errorf("write and close took %v, want %v", waited, DefaultTimeout)
		}

		s.release <- nil // the disk is back: what was queued is written
		s.release <- nil
		if err := l.Close(); err != nil || !s.closed {
			t.Errorf("closing again: %v", err)
		}
		if len(s.got) != 2 {
			t.Errorf("%d entries were written, want 2", len(s.got))
		}
	})
}

func TestWritingGoesOnAfterAHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBlockedSink()
		l := testLog(t, s, Options{Timeout: time.Second})
		errs := writeAsync(t, l, 1)
		time.Sleep(2 * time.Second)
		if err := <-errs; !errors.Is(err, ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
		s.release <- nil
		synctest.Wait()
		errs = writeAsync(t, l, 1)
		s.release <- nil
		if err := <-errs; err != nil {
			t.Error(err)
		}
		_ = l.Close()
	})
}

func TestTheContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBlockedSink()
		l := testLog(t, s, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		err := l.Write(ctx, entry("a"))
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %v, want 1s", waited)
		}
		s.release <- nil
		synctest.Wait()
		if err := l.Write(ctx, entry("b")); !errors.Is(err, ErrUnavailable) {
			t.Errorf("with a context that has ended: %v", err)
		}
		_ = l.Close()
		if len(s.got) != 1 {
			t.Errorf("%d entries written, want 1", len(s.got))
		}
	})
}

func TestCloseWritesWhatWaits(t *testing.T) {
	// More than once, because the writer sees the closing and the queue in any order.
	for range 20 {
		synctest.Test(t, closeWritesWhatWaits)
	}
}

func closeWritesWhatWaits(t *testing.T) {
	s := newBlockedSink()
	l := testLog(t, s, Options{})
	first, rest := writeAsync(t, l, 1), writeAsync(t, l, 9)
	closing := make(chan error, 1)
	go func() { closing <- l.Close() }()
	synctest.Wait()
	s.release <- nil
	s.release <- nil
	if err := <-closing; err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
	for range 9 {
		if err := <-rest; err != nil {
			t.Error(err)
		}
	}
	if !s.closed || countEntries(bytes.Join(s.got, nil)) != 10 {
		t.Error("not all was written and closed")
	}
	err := l.Write(t.Context(), entry("late"))
	if !errors.Is(err, ErrClosed) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("writing to a closed log: %v", err)
	}
}

// Entries written while the log closes are either acknowledged and there, or
// refused; none waits for ever.
func TestClosingUnderLoadLosesNoAcknowledgedEntry(t *testing.T) {
	for range 50 {
		var out bytes.Buffer
		l := newWriterLog(t, &out, Options{Timeout: time.Minute})
		var wg sync.WaitGroup
		acknowledged := make([]bool, 16)
		for i := range acknowledged {
			wg.Go(func() {
				err := l.Write(t.Context(), entry(fmt.Sprintf("id-%d-", i)))
				acknowledged[i] = err == nil
				if err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			})
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		for i, ok := range acknowledged {
			if there := strings.Contains(out.String(), fmt.Sprintf("id-%d-", i)); ok && !there {
				t.Errorf("entry %d was acknowledged but not written", i)
			}
		}
	}
}

func TestOversizedEntriesAreRefused(t *testing.T) {
	var out bytes.Buffer
	l := newWriterLog(t, &out, Options{})
	if err := l.Write(t.Context(), entry(strings.Repeat("a", MaxEntry))); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := l.Write(t.Context(), entry("small")); err != nil {
		t.Error(err)
	}
	_ = l.Close()
	if countEntries(out.Bytes()) != 1 || !strings.Contains(out.String(), `"request_id":"small"`) {
		t.Errorf("got %q", out.Bytes())
	}
}

// shortWriter takes a part of a write and fails, once.
type shortWriter struct {
	bytes.Buffer
	room int
	err  error
}

func (w *shortWriter) Write(p []byte) (int, error) {
	if w.room >= 0 && len(p) > w.room {
		n, _ := w.Buffer.Write(p[:w.room])
		w.room = -1
		return n, w.err
	}
	return w.Buffer.Write(p)
}

// Whatever part of a write a stream takes, the lines after it are whole, and the
// chain holds.
func TestATornLineOfAStreamIsAdmitted(t *testing.T) {
	var whole bytes.Buffer
	l := newWriterLog(t, &whole, Options{Instance: "i"})
	must(t, l.Write(t.Context(), entry("first")))
	must(t, l.Close())
	for room := range whole.Len() {
		for _, failure := range []error{io.ErrClosedPipe, nil} {
			w := &shortWriter{room: room, err: failure}
			l := newWriterLog(t, w, Options{Instance: "i"})
			if err := l.Write(t.Context(), entry("first")); !errors.Is(err, ErrUnavailable) {
				t.Fatalf("room for %d: got %v", room, err)
			}
			w.room = room % 7 // once more, while a start line is due
			_ = l.Write(t.Context(), entry("second"))
			must(t, l.Write(t.Context(), entry("third")))
			must(t, l.Close())
			if !strings.Contains(w.String(), `"request_id":"third"`) {
				t.Errorf("room for %d: got %q", room, w)
			}
			path := filepath.Join(t.TempDir(), "stdout")
			must(t, os.WriteFile(path, w.Bytes(), 0o600))
			mustVerify(t, []string{path})
		}
	}
}
