package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	firstTimeout  = time.Second
	secondTimeout = 3 * time.Second
)

// faultyPair is a pair on two writers, and what was said of its lagging.
type faultyPair struct {
	*Pair

	writers [2]*faultyWriter
	mu      sync.Mutex
	lagging []int
}

func newFaultyPair(t *testing.T, queueLength int) *faultyPair {
	t.Helper()
	p := &faultyPair{writers: [2]*faultyWriter{{}, {}}}
	first := newWriterLog(t, p.writers[0], Options{Timeout: firstTimeout, QueueLength: queueLength, Instance: "i"})
	second := newWriterLog(t, p.writers[1], Options{Timeout: secondTimeout, QueueLength: queueLength, Instance: "i"})
	p.Pair = NewPair(first, second, PairOptions{OnLagging: func(log int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.lagging = append(p.lagging, log)
	}})
	return p
}

func TestOneOfTwoLogsMustSucceed(t *testing.T) {
	const slowness = 500 * time.Millisecond
	states := map[string]func(w *faultyWriter) (repair func()){
		"works": func(*faultyWriter) func() { return func() {} },
		"is slow": func(w *faultyWriter) func() {
			w.set(func(w *faultyWriter) { w.delay = slowness })
			return w.repair
		},
		"is too slow": func(w *faultyWriter) func() {
			w.set(func(w *faultyWriter) { w.delay = 2 * secondTimeout })
			return w.repair
		},
		"fails": func(w *faultyWriter) func() { w.fail(); return w.repair },
		"hangs": func(w *faultyWriter) func() { return w.hang() },
	}
	answersAfter := map[string]time.Duration{"works": 0, "is slow": slowness}
	for first, breakFirst := range states {
		for second, breakSecond := range states {
			t.Run("the first "+first+", the second "+second, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := newFaultyPair(t, 8)
					repairs := []func(){breakFirst(p.writers[0]), breakSecond(p.writers[1])}
					start := time.Now()
					err := p.Write(t.Context(), entry("x"))
					took := time.Since(start)

					want := max(failsAfter(first, firstTimeout), failsAfter(second, secondTimeout))
					succeeds := false
					for _, state := range []string{first, second} {
						if after, ok := answersAfter[state]; ok && (!succeeds || after < want) {
							want, succeeds = after, true
						}
					}
					if succeeds != (err == nil) || err != nil && !errors.Is(err, ErrUnavailable) {
						t.Errorf("got %v", err)
					}
					if took != want {
						t.Errorf("took %v, want %v", took, want)
					}
					for _, repair := range repairs {
						repair()
					}
					time.Sleep(3 * secondTimeout)
					must(t, p.Close())
					if err == nil { // then the other one got it later
						wantEntries(t, p.writers[0].String(), "x")
						wantEntries(t, p.writers[1].String(), "x")
					}
					if status := p.Status(); err == nil && status != [2]HalfStatus{} {
						t.Errorf("got %+v", status)
					}
				})
			})
		}
	}
}

func failsAfter(state string, timeout time.Duration) time.Duration {
	if state == "fails" {
		return time.Millisecond
	}
	return timeout
}

// A refused request must not leave an entry behind that says otherwise, as far
// as that can be helped.
func TestARefusedEntryIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 8)
		for _, w := range p.writers {
			w.fail()
		}
		if err := p.Write(t.Context(), entry("refused")); !errors.Is(err, errFaulty) {
			t.Errorf("got %v", err)
		}
		if !p.Failing() {
			t.Error("does not say that it fails")
		}
		for _, w := range p.writers {
			w.repair()
		}
		time.Sleep(2 * tryAgainEvery)
		must(t, p.Write(t.Context(), entry("x")))
		must(t, p.Close())
		wantEntries(t, p.writers[0].String(), "x")
		wantEntries(t, p.writers[1].String(), "x")
		if status := p.Status(); status != [2]HalfStatus{} {
			t.Errorf("got %+v", status)
		}
	})
}

func TestAShortOutageOfOneLogLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 8)
		p.writers[1].fail()
		var ids []string
		for i := range 8 {
			ids = append(ids, fmt.Sprint("id-", i))
			must(t, p.Write(t.Context(), entry(ids[i])))
			time.Sleep(100 * time.Millisecond)
		}
		if status := p.Status(); p.Failing() || status[0].Failing || !status[1].Failing {
			t.Errorf("got %+v", status)
		}
		p.writers[1].repair()
		time.Sleep(tryAgainEvery)
		synctest.Wait()
		wantEntries(t, p.writers[1].String(), ids...) // without any traffic
		must(t, p.Close())
		wantEntries(t, p.writers[0].String(), ids...)
		if len(p.lagging) != 0 {
			t.Errorf("lagging: %v", p.lagging)
		}
	})
}

// What one log misses is counted, announced once, and said in the log itself.
func TestALogSaysWhatItMissed(t *testing.T) {
	for name, breakIt := range map[string]func(w *faultyWriter) (repair func()){
		"fails": func(w *faultyWriter) func() { w.fail(); return w.repair },
		"hangs": func(w *faultyWriter) func() { return w.hang() },
	} {
		for broken := range 2 {
			t.Run(fmt.Sprint("log ", broken, " ", name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := newFaultyPair(t, 8)
					var missed uint64
					for round := range 2 {
						repair := breakIt(p.writers[broken])
						for i := range 100 {
							must(t, p.Write(t.Context(), entry(fmt.Sprint(round, "-", i))))
							time.Sleep(10 * time.Millisecond)
						}
						status := p.Status()[broken]
						if status.Missed < missed+80 || status.Missed-missed != status.Unrecorded {
							t.Errorf("got %+v", status)
						}
						missed = status.Missed
						repair()
						time.Sleep(2 * tryAgainEvery)
						if len(p.lagging) != round+1 || p.lagging[round] != broken {
							t.Errorf("lagging: %v", p.lagging)
						}
						if status := p.Status()[broken]; status.Failing || status.Unrecorded != 0 || status.Missed != missed {
							t.Errorf("after repair: %+v", status)
						}
					}
					must(t, p.Close())
					if got := recorded(t, p.writers[broken].String()); got != missed {
						t.Errorf("the log speaks of %d missed lines, want %d", got, missed)
					}
					chain := mustVerifyText(t, p.writers[broken].String())
					if uint64(chain.Entries)+missed != 200 {
						t.Errorf("%d entries and %d missed, want 200", chain.Entries, missed)
					}
					if whole := mustVerifyText(t, p.writers[1-broken].String()); whole.Entries != 200 {
						t.Errorf("%d entries in the other log", whole.Entries)
					}
				})
			})
		}
	}
}

// recorded sums up what a log says that it missed.
func recorded(t *testing.T, text string) (missed uint64) {
	t.Helper()
	for line := range strings.Lines(text) {
		if _, said, ok := strings.Cut(line, `"type":"missed"`); ok {
			var lines uint64
			_, rest, _ := strings.Cut(said, `"lines":`)
			if _, err := fmt.Sscanf(rest, "%d", &lines); err != nil {
				t.Fatal(err)
			}
			missed += lines
		}
	}
	return missed
}

// What is missed when nothing is written any more is said at the latest when the
// log is closed.
func TestClosingSaysWhatWasMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 2)
		p.halves[1].miss()
		must(t, p.Close())
		if got := recorded(t, p.writers[1].String()); got != 1 {
			t.Errorf("%d missed lines recorded, want 1", got)
		}
		if status := p.Status(); status[1].Unrecorded != 0 || status[1].Missed != 1 {
			t.Errorf("got %+v", status)
		}
	})
}

func TestClosingSaysWhatWasMissedEvenIfThatFailsAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 2)
		p.writers[1].fail()
		for i := range 20 {
			must(t, p.Write(t.Context(), entry(fmt.Sprint(i))))
			time.Sleep(10 * time.Millisecond)
		}
		p.writers[1].set(func(w *faultyWriter) { w.only = 1 })
		must(t, p.Close())
		if got, missed := recorded(t, p.writers[1].String()), p.Status()[1].Missed; got != missed || missed == 0 {
			t.Errorf("%d missed lines recorded, want %d", got, missed)
		}
	})
}

// Not even if each line fails in one log before the other has it.
func TestWhatALogHoldsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const queueLength, entries = 8, 200
		p := newFaultyPair(t, queueLength)
		p.writers[0].set(func(w *faultyWriter) { w.delay = 5 * time.Millisecond })
		p.writers[1].set(func(w *faultyWriter) { w.err = errFaulty })
		for i := range entries {
			mustSubmit(t, p, fmt.Sprint(i))
			time.Sleep(10 * time.Millisecond)
		}
		if missed := p.Status()[1].Missed; missed < entries-2*queueLength {
			t.Errorf("%d lines missed, so %d are held", missed, entries-missed)
		}
		p.writers[1].repair()
		time.Sleep(2 * tryAgainEvery)
		must(t, p.Close())
	})
}

// A log that was closed is left alone, also when the other one has no room.
func TestAPairGoesOnWithoutAClosedLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 1)
		must(t, p.halves[0].log.Close())
		release := p.writers[1].hang()
		errs := make(chan error, 4)
		for i := range cap(errs) {
			go func() { errs <- p.Write(t.Context(), entry(fmt.Sprint("id-", i))) }()
		}
		time.Sleep(secondTimeout / 2)
		release()
		for range cap(errs) {
			must(t, <-errs)
		}
		must(t, p.Close())
		wantEntries(t, p.writers[1].String(), "id-0", "id-1", "id-2", "id-3")
		if status := p.Status(); status[0].Waiting != 0 || status[0].Missed != 4 {
			t.Errorf("got %+v", status)
		}
	})
}

// There is a moment between the look at a full queue and the place in it.
func TestALineThatComesTooLateToAClosedLogCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 1)
		release := p.writers[1].hang()
		for i := range 2 { // one that is being written, one that waits
			must(t, p.Write(t.Context(), entry(fmt.Sprint("id-", i))))
			synctest.Wait()
		}
		must(t, p.halves[0].log.Close())

		d := p.pool.Get().(*delivery)
		d.line = entry("late").AppendJSON(d.line[:0])
		d.begin()
		d.parts[0].failed = nil // as if it had been full, not closed
		ended := make(chan error)
		go func() {
			err := d.await(t.Context())
			d.leave(err)
			ended <- err
		}()
		synctest.Wait()
		release()
		must(t, <-ended)
		must(t, p.Close())
		wantEntries(t, p.writers[1].String(), "id-0", "id-1", "late")
		if status := p.Status()[0]; status.Missed != 1 || status.Waiting != 0 {
			t.Errorf("got %+v", status)
		}
	})
}

func TestClosingCountsWhatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 8)
		p.writers[1].fail()
		for i := range 5 {
			must(t, p.Write(t.Context(), entry(fmt.Sprint(i))))
		}
		if err := p.Close(); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "5 lines") {
			t.Errorf("got %v", err)
		}
		if status := p.Status()[1]; status.Missed != 5 || status.Unrecorded != 5 {
			t.Errorf("got %+v", status)
		}
	})
}

// A line is left out of a full queue only if the other log has it.
func TestAFullQueueIsWaitedForWhenTheOtherLogFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 1)
		p.writers[0].set(func(w *faultyWriter) { w.delay = 100 * time.Millisecond })
		p.writers[1].fail()
		errs := make(chan error, 8)
		for i := range cap(errs) {
			go func() { errs <- p.Write(t.Context(), entry(fmt.Sprint("id-", i))) }()
		}
		var ids []string
		for i := range cap(errs) {
			must(t, <-errs)
			ids = append(ids, fmt.Sprint("id-", i))
		}
		p.writers[1].repair()
		time.Sleep(2 * tryAgainEvery)
		must(t, p.Close())
		wantEntries(t, p.writers[0].String(), ids...)
		if status := p.Status(); status[0].Missed != 0 || status[1].Missed == 0 {
			t.Errorf("got %+v", status)
		}
	})
}

func TestFullQueuesRefuseWithinTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 1)
		releases := []func(){p.writers[0].hang(), p.writers[1].hang()}
		start := time.Now()
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() { errs <- p.Write(t.Context(), entry("x")) }()
		}
		for range cap(errs) {
			if err := <-errs; !errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if took := time.Since(start); took != secondTimeout {
			t.Errorf("took %v, want %v", took, secondTimeout)
		}
		time.Sleep(time.Millisecond)
		start = time.Now()
		if err := p.Write(t.Context(), entry("x")); !errors.Is(err, ErrUnavailable) || time.Since(start) != 0 {
			t.Errorf("while both hang: %v after %v", err, time.Since(start))
		}
		for _, release := range releases {
			release()
		}
		must(t, p.Close())
	})
}

func TestTheContextEndsTheWaitForBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 8)
		releases := []func(){p.writers[0].hang(), p.writers[1].hang()}
		ctx, cancel := context.WithTimeout(t.Context(), firstTimeout/2)
		defer cancel()
		for range 2 { // also with a context that has ended
			if err := p.Write(ctx, entry("x")); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}
		for _, release := range releases {
			release()
		}
		must(t, p.Close())
	})
}

func TestAPairStartsWithOneLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 8)
		p.writers[0].fail()
		must(t, p.Start())
		p.writers[0].repair()
		must(t, p.Record(t.Context(), Forget{Time: time.Now(), Epoch: "e1"}))
		must(t, p.Close())
		for _, w := range p.writers {
			mustVerifyText(t, w.String())
			if strings.Count(w.String(), `"type":"start"`) != 1 || strings.Count(w.String(), `"type":"forget"`) != 1 {
				t.Errorf("got %s", w)
			}
		}
		for name, late := range map[string]error{
			"Write": p.Write(t.Context(), entry("late")), "Submit": p.Submit(entry("late")), "Start": p.Start(), "Close": p.Close(),
		} {
			if name != "Close" && !errors.Is(late, ErrClosed) || name == "Close" && late != nil {
				t.Errorf("%s after closing: %v", name, late)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 8)
		p.writers[0].fail()
		p.writers[1].fail()
		if err := p.Start(); !errors.Is(err, errFaulty) {
			t.Errorf("got %v", err)
		}
		must(t, p.Close())
	})
}

func TestAPairRefusesWhatIsTooLarge(t *testing.T) {
	p := newFaultyPair(t, 1)
	large := entry(strings.Repeat("a", MaxEntry))
	for range 3 {
		if err := p.Write(t.Context(), large); !errors.Is(err, errTooLarge) {
			t.Errorf("got %v", err)
		}
		if err := p.Submit(large); !errors.Is(err, errTooLarge) {
			t.Errorf("got %v", err)
		}
	}
	mustSubmit(t, p, "small")
	must(t, p.Close())
	wantEntries(t, p.writers[0].String(), "small")
}

func TestAPairTakesEntriesWhileOneLogWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 8)
		p.writers[1].fail()
		var ids []string
		for i := range 100 {
			ids = append(ids, fmt.Sprint("id-", i))
			mustSubmit(t, p, ids[i])
			time.Sleep(10 * time.Millisecond)
		}
		p.writers[1].repair()
		time.Sleep(2 * tryAgainEvery)
		must(t, p.Close())
		wantEntries(t, p.writers[0].String(), ids...)
		if status := p.Status(); status[1].Missed == 0 || recorded(t, p.writers[1].String()) != status[1].Missed {
			t.Errorf("got %+v", status)
		}
	})
}

func TestAPairThatFailsLosesNoSubmittedEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFaultyPair(t, 8)
		p.writers[0].fail()
		p.writers[1].fail()
		taken := submitUntilRefused(t, p, "a", errFull)
		time.Sleep(3 * tryAgainEvery)
		if more := submitUntilRefused(t, p, "b", ErrUnavailable); len(taken) != 8 || len(more) != 0 {
			t.Errorf("%d and then %d taken", len(taken), len(more))
		}
		p.writers[1].repair()
		time.Sleep(tryAgainEvery)
		synctest.Wait()
		mustSubmit(t, p, "c")
		synctest.Wait()
		wantEntries(t, p.writers[1].String(), append(taken, "c")...)
		p.writers[0].repair()
		time.Sleep(tryAgainEvery)
		must(t, p.Close())
		wantEntries(t, p.writers[0].String(), append(taken, "c")...)
	})
}
