package faults

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

const (
	// leastRate is the load under which everything is shown, in lookups a second.
	leastRate = 200

	// workers keep the rate while each lookup takes a second.
	workers = 256

	// upstreamTimeout is what the routes give the provider.
	upstreamTimeout = "1s"

	// recovered is how many lookups in a row are answered after a fault.
	recovered = leastRate / 4
)

// rate is the load that is asked for: a little more, for what a stall costs;
// and less where the race detector makes everything slow.
var rate = leastRate * 6 / 5 / slowdown()

func slowdown() int {
	if harness.RaceDetector {
		return 4
	}
	return 1
}

// Rig is a running Ringward under test, and what it showed and wrote so far.
type Rig struct {
	*harness.Stage

	t       *testing.T
	group   string
	phase   time.Duration
	rest    harness.Gauge // what it held before the first fault
	audit   tail[harness.Entry]
	record  tail[harness.Received]
	calls   int            // in the record so far
	retired map[string]int // by key: the calls after which nobody may use it; -1 for no end
}

// NewRig runs a stage and warms it up.
func NewRig(t *testing.T, group string, s *harness.Stage, phase time.Duration) *Rig {
	t.Helper()
	r := &Rig{
		Stage: s, t: t, group: group, phase: phase,
		audit:   tail[harness.Entry]{path: s.Audit},
		record:  tail[harness.Received]{path: s.Standin.Record()},
		retired: map[string]int{s.Standin.Key: -1},
	}
	s.Route += "\ntimeout " + upstreamTimeout
	s.Run()
	s.AwaitHealth(http.StatusOK)
	l := harness.StartLoad(t, s, workers, rate)
	l.AwaitAnswers(t, rate)
	l.Finish()
	r.check(&Row{}, Fault{}, nil)
	// The connections of that load are closed, but not all at once.
	harness.Eventually(t, harness.Soon, "the warm-up to be over", func() error {
		before := r.rest
		r.rest = s.Gauge()
		return before.Above(harness.Gauge{Goroutines: r.rest.Goroutines, FDs: r.rest.FDs, Heap: before.Heap})
	})
	return r
}

// Allow tells of a new key of the provider's.
func (r *Rig) Allow(key string) { r.retired[key] = -1 }

// Retire tells that nobody may use a key after the calls that there were.
func (r *Rig) Retire(key string, calls int) { r.retired[key] = calls }

// Run goes through one fault, from health to health.
func (r *Rig) Run(f Fault) {
	r.t.Helper()
	r.t.Run(f.Name, func(t *testing.T) {
		row := Row{Group: r.group, Fault: f.Name, Before: r.rest}
		l := harness.StartLoad(t, r.Stage, workers, rate)
		l.AwaitAnswers(t, int(float64(rate)*r.phase.Seconds()))
		broken := time.Now()
		f.Break()
		if f.During != nil {
			f.During()
		} else {
			time.Sleep(phaseOf(r.phase)) // the load goes on; there is nothing to wait for
		}
		f.Mend()
		l.AwaitStreak(t, recovered)
		outcomes, achieved := l.Finish()
		row.Rate = achieved
		before, during := split(outcomes, broken)
		row.Healthy, row.During = harness.Percentile(before, 99), harness.Percentile(during, 99)
		r.check(&row, f, outcomes)
		if f.Keys != nil {
			row.WrongKeys += r.unknown(f.Keys())
		}
		row.After = r.AwaitRest(r.rest)
		row.judge(t, f, before, during)
		report(row)
	})
}

// check compares answers with audit entries, and the keys that the provider was
// shown with those that were good.
func (r *Rig) check(row *Row, f Fault, outcomes []harness.Outcome) {
	r.t.Helper()
	entries := make(map[string]harness.Entry)
	for _, e := range r.audit.next(r.t) {
		entries[e.RequestID] = e
	}
	row.file(outcomes, entries, f.AuditAway)
	for _, got := range r.record.next(r.t) {
		key := strings.TrimPrefix(got.Headers.Get("Authorization"), "Bearer ")
		if last, known := r.retired[key]; !known || last >= 0 && r.calls >= last {
			row.WrongKeys++
		}
		r.calls++
	}
}

// unknown counts the keys that were never the provider's.
func (r *Rig) unknown(keys []string) (n int) {
	for _, key := range keys {
		if _, known := r.retired[key]; !known {
			n++
		}
	}
	return n
}

// split parts the lookups that a fault cannot have touched from the others.
func split(outcomes []harness.Outcome, broken time.Time) (before, during []harness.Outcome) {
	for _, o := range outcomes {
		if o.Begun.Add(o.Took).Before(broken) {
			before = append(before, o)
		} else {
			during = append(during, o)
		}
	}
	return before, during
}
