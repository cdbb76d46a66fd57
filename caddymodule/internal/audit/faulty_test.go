package audit

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

var errFaulty = errors.New("out of order")

// faultyWriter keeps what it is given, unless it is told otherwise.
type faultyWriter struct {
	mu      sync.Mutex
	content bytes.Buffer
	writes  int
	err     error         // of each write, which takes nothing then
	only    int           // so many writes fail, if not 0, and none after them
	delay   time.Duration // before each write
	block   chan struct{} // closed to let writes go on
}

func (w *faultyWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	delay, block := w.delay, w.block
	w.mu.Unlock()
	time.Sleep(delay)
	if block != nil {
		<-block
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	if w.err != nil {
		err := w.err
		if w.only--; w.only == 0 {
			w.err = nil
		}
		return 0, err
	}
	return w.content.Write(p)
}

func (w *faultyWriter) set(change func(w *faultyWriter)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

func (w *faultyWriter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.content.String()
}

// fail makes all writes fail, not at once, so that entries can be queued before.
func (w *faultyWriter) fail() {
	w.set(func(w *faultyWriter) { w.err, w.delay = errFaulty, time.Millisecond })
}

func (w *faultyWriter) repair() { w.set(func(w *faultyWriter) { w.err, w.delay = nil, 0 }) }

// hang makes all writes hang until the returned function is called.
func (w *faultyWriter) hang() (release func()) {
	block := make(chan struct{})
	w.set(func(w *faultyWriter) { w.block = block })
	return func() {
		w.set(func(w *faultyWriter) { w.block = nil })
		close(block)
	}
}

// wantEntries wants each entry exactly once, and a chain that holds.
func wantEntries(t *testing.T, text string, ids ...string) {
	t.Helper()
	if chain := mustVerifyText(t, text); chain.Entries != int64(len(ids)) {
		t.Errorf("%d entries, want %d", chain.Entries, len(ids))
	}
	for _, id := range ids {
		if got := strings.Count(text, `"request_id":"`+id+`"`); got != 1 {
			t.Errorf("entry %s is there %d times", id, got)
		}
	}
}
