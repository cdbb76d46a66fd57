package audit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// submitUntilRefused returns the ids of what was taken.
func submitUntilRefused(t *testing.T, r Recorder, prefix string, want error) (ids []string) {
	t.Helper()
	for i := 0; ; i++ {
		id := fmt.Sprint(prefix, "-", i, "-")
		err := r.Submit(entry(id))
		if err != nil {
			if !errors.Is(err, want) || !errors.Is(err, ErrUnavailable) {
				t.Errorf("refused with %v, want %v", err, want)
			}
			return ids
		}
		ids = append(ids, id)
	}
}

func mustSubmit(t *testing.T, r Recorder, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := r.Submit(entry(id)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSubmitTakesNoTimeAndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &faultyWriter{}
		release := w.hang()
		l := newWriterLog(t, w, Options{QueueLength: 8, Instance: "i"})
		start := time.Now()
		taken := submitUntilRefused(t, l, "a", errFull)
		if len(taken) != 8 || time.Since(start) != 0 {
			t.Errorf("%d entries taken in %v, want 8", len(taken), time.Since(start))
		}
		synctest.Wait() // one is being written: still 8 are not durable
		if more := submitUntilRefused(t, l, "b", errFull); len(more) != 0 {
			t.Errorf("%d more taken", len(more))
		}
		release()
		synctest.Wait()
		mustSubmit(t, l, "c")
		must(t, l.Close())
		wantEntries(t, w.String(), append(taken, "c")...)
	})
}

func TestSubmittedEntriesShareWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &faultyWriter{}
		l := newWriterLog(t, w, Options{Instance: "i"})
		must(t, l.Start())
		release := w.hang()
		for i := range 100 {
			mustSubmit(t, l, fmt.Sprint("id-", i))
		}
		release()
		must(t, l.Close())
		if w.writes > 3 {
			t.Errorf("%d writes for 100 entries", w.writes)
		}
	})
}

func TestSubmitRefusesWhileAWriteHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &faultyWriter{}
		release := w.hang()
		l := newWriterLog(t, w, Options{Instance: "i"})
		mustSubmit(t, l, "a")
		time.Sleep(DefaultTimeout)
		mustSubmit(t, l, "b")
		time.Sleep(time.Millisecond)
		if err := l.Submit(entry("c")); !errors.Is(err, errHangs) || !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if err := l.Close(); !errors.Is(err, errTimeout) {
			t.Errorf("closing: %v", err)
		}
		release()
		must(t, l.Close())
		wantEntries(t, w.String(), "a", "b")
	})
}

// What was taken is written when that is possible again, without any traffic.
func TestAFailedWriteLosesNoSubmittedEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &faultyWriter{}
		l := newWriterLog(t, w, Options{QueueLength: 8, Instance: "i"})
		w.fail()
		taken := submitUntilRefused(t, l, "a", errFull)
		time.Sleep(10 * tryAgainEvery)
		if !l.Failing() {
			t.Error("does not say that it fails")
		}
		if w.writes < 10 || w.writes > 12 {
			t.Errorf("%d attempts in %v", w.writes, 10*tryAgainEvery)
		}
		w.repair()
		time.Sleep(tryAgainEvery)
		synctest.Wait()
		if l.Failing() {
			t.Error("says that it fails")
		}
		wantEntries(t, w.String(), taken...)
		mustSubmit(t, l, "b")
		must(t, l.Close())
		wantEntries(t, w.String(), append(taken, "b")...)
	})
}

func TestAFailingLogTakesOneEntryToFindOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &faultyWriter{}
		l := newWriterLog(t, w, Options{Instance: "i"})
		w.fail()
		if err := l.Start(); !errors.Is(err, errFaulty) {
			t.Fatalf("got %v", err)
		}
		taken := submitUntilRefused(t, l, "a", errFailing)
		if len(taken) != 1 {
			t.Errorf("%d entries taken, want 1", len(taken))
		}
		w.repair()
		time.Sleep(tryAgainEvery)
		synctest.Wait()
		mustSubmit(t, l, "b", "c")
		must(t, l.Close())
		wantEntries(t, w.String(), append(taken, "b", "c")...)
	})
}

// A write that succeeds shows that what is held can be written too.
func TestWrittenAndSubmittedEntriesShareALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &faultyWriter{}
		l := newWriterLog(t, w, Options{Instance: "i"})
		w.fail()
		mustSubmit(t, l, "held")
		if err := l.Write(t.Context(), entry("refused")); !errors.Is(err, errFaulty) {
			t.Errorf("got %v", err)
		}
		w.repair()
		must(t, l.Write(t.Context(), entry("written")))
		synctest.Wait() // no time passes
		wantEntries(t, w.String(), "held", "written")
		must(t, l.Close())
	})
}

func TestCloseSaysWhatIsLost(t *testing.T) {
	for _, repaired := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := &faultyWriter{}
			l := newWriterLog(t, w, Options{QueueLength: 8, Instance: "i"})
			w.fail()
			taken := submitUntilRefused(t, l, "a", errFull)
			time.Sleep(tryAgainEvery / 2)
			if repaired {
				w.repair()
			}
			err := l.Close()
			if repaired {
				must(t, err)
				wantEntries(t, w.String(), taken...)
			} else if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "8 lines") {
				t.Errorf("got %v", err)
			}
			if err := l.Submit(entry("late")); !errors.Is(err, ErrUnavailable) {
				t.Errorf("after closing: %v", err)
			}
		})
	}
}

func TestClosingUnderLoadLosesNoSubmittedEntry(t *testing.T) {
	for range 50 {
		w := &faultyWriter{}
		l := newWriterLog(t, w, Options{Timeout: time.Minute, Instance: "i"})
		var mu sync.Mutex
		taken := []string{"first"}
		mustSubmit(t, l, taken...)
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				ids := submitUntilRefused(t, l, fmt.Sprint("id-", i), ErrUnavailable)
				mu.Lock()
				defer mu.Unlock()
				taken = append(taken, ids...)
			})
		}
		must(t, l.Close())
		wg.Wait()
		wantEntries(t, w.String(), taken...)
	}
}

func TestOversizedEntriesAreNotTaken(t *testing.T) {
	w := &faultyWriter{}
	l := newWriterLog(t, w, Options{QueueLength: 1, Instance: "i"})
	for range 3 {
		if err := l.Submit(entry(strings.Repeat("a", MaxEntry))); !errors.Is(err, errTooLarge) {
			t.Errorf("got %v", err)
		}
	}
	mustSubmit(t, l, "small")
	must(t, l.Close())
	wantEntries(t, w.String(), "small")
}

// fussyWriter takes no lines that are too long for it, as a datagram socket.
type fussyWriter struct {
	faultyWriter
	longest int
}

func (w *fussyWriter) Write(lines []byte) (n int, err error) {
	for line := range slices.Values(strings.SplitAfter(strings.TrimSuffix(string(lines), "\n"), "\n")) {
		if len(line) > w.longest {
			return n, errTooLong
		}
		if _, err := w.faultyWriter.Write([]byte(strings.TrimSuffix(line, "\n") + "\n")); err != nil {
			return n, err
		}
		n += len(line)
	}
	return len(lines), nil
}

// A line that a receiver never takes must not keep others from being written.
func TestALineThatNeverFitsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &fussyWriter{longest: 1000}
		release := w.hang()
		var problems []error
		l := newWriterLog(t, w, Options{Instance: "i", OnProblem: func(err error) { problems = append(problems, err) }})
		mustSubmit(t, l, "a", "b", strings.Repeat("long", 1000), "c")
		synctest.Wait()
		release()
		time.Sleep(2 * tryAgainEvery)
		synctest.Wait()
		for _, id := range []string{"a", "b", "c"} {
			if !strings.Contains(w.String(), `"request_id":"`+id+`"`) {
				t.Errorf("entry %s is missing", id)
			}
		}
		if len(problems) != 1 || !errors.Is(problems[0], errTooLong) || l.submitted.Load() != 0 {
			t.Errorf("problems: %v; %d still wait", problems, l.submitted.Load())
		}
		must(t, l.Close())
		mustVerifyText(t, w.String())
	})
}
