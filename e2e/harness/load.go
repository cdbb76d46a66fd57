package harness

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Outcome is how one lookup of a load ended.
type Outcome struct {
	Begun  time.Time
	Took   time.Duration
	Status int // 0 where no answer came
	Header http.Header
	Body   string
	Err    error
}

// Failed reports whether the caller did not get what it asked for.
func (o Outcome) Failed() bool { return o.Err != nil || o.Status != http.StatusOK }

// Load is callers that look up all the time, each on a connection of its own
// that stays open.
type Load struct {
	begun    time.Time
	quit     chan struct{}
	end      func()
	workers  sync.WaitGroup
	lookups  []*http.Request // sent in turn
	sent     atomic.Int64
	each     func(Outcome)
	answered atomic.Int64
	ended    atomic.Int64
	streak   atomic.Int64 // answered since the last that was not

	mu       sync.Mutex
	outcomes []Outcome
}

// StartLoad begins a load of lookups about one number at a steady rate, in
// lookups a second, and keeps all outcomes for Finish. What a stall delays is
// made up for, as far as the workers are fast enough.
func StartLoad(t testing.TB, s *Stage, workers, rate int) *Load {
	t.Helper()
	l := &Load{lookups: []*http.Request{s.LookupRequest(s.Minimal.Key, Number)}}
	l.each = func(o Outcome) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.outcomes = append(l.outcomes, o)
	}
	l.start(t, workers, rate)
	return l
}

// StartEndlessLoad is StartLoad for a load that is too long to keep all
// outcomes of: each one is given to a function, by several workers at a time.
// It is about many numbers.
func StartEndlessLoad(t testing.TB, s *Stage, workers, rate int, each func(Outcome)) *Load {
	t.Helper()
	l := &Load{each: each}
	for line := range 10000 {
		l.lookups = append(l.lookups, s.LookupRequest(s.Minimal.Key, fmt.Sprintf("+1415858%04d", line)))
	}
	l.start(t, workers, rate)
	return l
}

func (l *Load) start(t testing.TB, workers, rate int) {
	t.Helper()
	l.begun, l.quit = time.Now(), make(chan struct{})
	l.end = sync.OnceFunc(func() { close(l.quit); l.workers.Wait() })
	t.Cleanup(l.end)
	every := time.Duration(workers) * time.Second / time.Duration(rate)
	for i := range workers {
		l.workers.Go(func() { l.work(l.begun.Add(every*time.Duration(i)/time.Duration(workers)), every) })
	}
}

// work sends a lookup again and again until the load ends.
func (l *Load) work(next time.Time, every time.Duration) {
	client := http.Client{Transport: &http.Transport{}, Timeout: Soon}
	defer client.CloseIdleConnections()
	for ; ; next = next.Add(every) {
		select {
		case <-l.quit:
			return
		case <-time.After(time.Until(next)):
		}
		o := ask(&client, l.lookups[int(l.sent.Add(1))%len(l.lookups)])
		if o.Failed() {
			l.streak.Store(0)
		} else {
			l.answered.Add(1)
			l.streak.Add(1)
		}
		l.ended.Add(1)
		l.each(o)
	}
}

func ask(client *http.Client, lookup *http.Request) Outcome {
	o := Outcome{Begun: time.Now()}
	req := lookup.Clone(lookup.Context())
	if req.Body, o.Err = lookup.GetBody(); o.Err != nil {
		return o
	}
	resp, err := client.Do(req)
	if err != nil {
		o.Took, o.Err = time.Since(o.Begun), err
		return o
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	o.Took, o.Status, o.Header, o.Body, o.Err = time.Since(o.Begun), resp.StatusCode, resp.Header, string(body), err
	return o
}

// Ended returns how many lookups have ended, in whatever way.
func (l *Load) Ended() int { return int(l.ended.Load()) }

// Answered returns how many lookups were answered with 200.
func (l *Load) Answered() int { return int(l.answered.Load()) }

// AwaitAnswers waits until more lookups are answered.
func (l *Load) AwaitAnswers(t testing.TB, more int) {
	t.Helper()
	want := l.Answered() + more
	Eventually(t, Soon, "lookups to be answered", func() error {
		if got := l.Answered(); got < want {
			return fmt.Errorf("%d of %d are", got, want)
		}
		return nil
	})
}

// AwaitStreak waits until so many lookups in a row are answered.
func (l *Load) AwaitStreak(t testing.TB, want int) {
	t.Helper()
	l.streak.Store(0)
	Eventually(t, Soon, "lookups to be answered again", func() error {
		if got := l.streak.Load(); got < int64(want) {
			return fmt.Errorf("%d in a row are", got)
		}
		return nil
	})
}

// Finish ends the load, and returns what came of it and the achieved rate.
func (l *Load) Finish() (outcomes []Outcome, perSecond float64) {
	l.end()
	return l.outcomes, float64(l.Ended()) / time.Since(l.begun).Seconds()
}

// Percentile is the time within which p per cent of the lookups ended; 0 for no
// lookups.
func Percentile(outcomes []Outcome, p int) time.Duration {
	if len(outcomes) == 0 {
		return 0
	}
	times := make([]time.Duration, len(outcomes))
	for i, o := range outcomes {
		times[i] = o.Took
	}
	slices.Sort(times)
	return times[(len(times)-1)*p/100]
}
