package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/ringward/ringward/e2e/harness"
	"github.com/ringward/ringward/e2e/redis"
)

// storeOutage is two Ringwards that share limits in a Redis, under load.
type storeOutage struct {
	t      *testing.T
	server *redis.Server
	stages [2]*harness.Stage
	loads  [2]*harness.Load
	phases []*phase

	few     harness.Caller // may ask about one number sharedLimit times
	numbers int            // that it asked about
}

const sharedLimit = 10

func newStoreOutage(t *testing.T, policy string) *storeOutage {
	t.Helper()
	o := &storeOutage{t: t, server: redis.Start(t), few: harness.NewCaller()}
	const route = "limit ip 1000000/h\n limit caller 1000000/h\n limit number 1000000/h"
	key, options := harness.RandomText(), "on_failure "+policy
	few := fmt.Sprintf("caller few {\n key %s\n limit number %d/d\n }", o.few.Digest, sharedLimit)
	o.stages[0] = sharing(t, o.server, key, route, options, few, nil)
	o.stages[1] = sharing(t, o.server, key, route, options, few, o.stages[0])
	for _, s := range o.stages {
		s.Lookup(s.Full.Key, harness.Number) // the first one is slow
	}
	return o
}

// phase is what callers saw in a part of the test: of the lookups that began in
// it.
type phase struct {
	name     string
	counted  bool // Redis is there all the time
	begun    time.Time
	ended    int // lookups before it, under the same load
	outcomes []harness.Outcome
	answers  map[int]int // by status; 0 for no answer
}

// underLoad keeps asking both processes while work goes through its phases.
func (o *storeOutage) underLoad(work func()) {
	o.t.Helper()
	for i, s := range o.stages {
		o.loads[i] = harness.StartLoad(o.t, s, 10, 50)
	}
	first := len(o.phases)
	o.enter("with Redis").counted = true
	o.await(100)
	work()
	for _, l := range o.loads {
		outcomes, _ := l.Finish()
		for _, got := range outcomes {
			during := o.phases[first]
			for _, p := range o.phases[first:] {
				if got.Begun.After(p.begun) {
					during = p
				}
			}
			during.outcomes = append(during.outcomes, got)
			during.answers[got.Status]++
		}
	}
}

// enter begins the next phase.
func (o *storeOutage) enter(name string) *phase {
	p := &phase{name: name, begun: time.Now(), ended: o.ended(), answers: make(map[int]int)}
	o.phases = append(o.phases, p)
	return p
}

func (o *storeOutage) ended() int { return o.loads[0].Ended() + o.loads[1].Ended() }

// await waits until so many lookups have ended in this phase.
func (o *storeOutage) await(lookups int) {
	o.t.Helper()
	from := o.phases[len(o.phases)-1].ended
	harness.Eventually(o.t, harness.Soon, fmt.Sprintf("%d lookups", lookups), func() error {
		if got := o.ended() - from; got < lookups {
			return fmt.Errorf("%d have ended", got)
		}
		return nil
	})
}

// table is what callers saw.
func (o *storeOutage) table() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "phase\tlookups\t200\t503\tother\tmedian\tp99\tmost\t")
	for _, p := range o.phases {
		all, good, refused := len(p.outcomes), p.answers[http.StatusOK], p.answers[http.StatusServiceUnavailable]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t", p.name, all, good, refused, all-good-refused)
		for _, percent := range []int{50, 99, 100} {
			fmt.Fprintf(w, "%v\t", harness.Percentile(p.outcomes, percent).Round(100*time.Microsecond))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	return text.String()
}

// awaitStore waits until both processes say that Redis is up, or down.
func (o *storeOutage) awaitStore(up int) {
	o.t.Helper()
	line := fmt.Sprintf("\nringward_limit_store_up %d\n", up)
	harness.Eventually(o.t, harness.Soon, "the metric to be "+line, func() error {
		for i, s := range o.stages {
			if !strings.Contains(s.Metrics(), line) {
				return fmt.Errorf("it is not at process %d", i+1)
			}
		}
		return nil
	})
}

// awaitEvent waits until both processes have logged an event.
func (o *storeOutage) awaitEvent(name string) {
	o.t.Helper()
	harness.Eventually(o.t, harness.Soon, "the event "+name, func() error {
		for i, s := range o.stages {
			if !strings.Contains(s.Process.Stderr(), `"event":"`+name+`"`) {
				return fmt.Errorf("it is not in the log of process %d", i+1)
			}
		}
		return nil
	})
}

var storeFailures = regexp.MustCompile(`(?m)^ringward_limit_store_failures_total .*$`)

func (o *storeOutage) failures() (all string) {
	o.t.Helper()
	for _, s := range o.stages {
		all += storeFailures.FindString(s.Metrics()) + "\n"
	}
	return all
}

// countsExactly asks both processes about one number: as many pass as may, in
// all. Where a busy machine kept Redis from answering in time, which is not this
// test's matter, another number is tried.
func (o *storeOutage) countsExactly() (number string) {
	o.t.Helper()
	for range 50 {
		o.numbers++
		number = fmt.Sprintf("+1415859%04d", o.numbers)
		before := o.failures()
		answers := make(map[int]int)
		for i := range 2 * sharedLimit {
			s := o.stages[i%len(o.stages)]
			answers[s.Lookup(o.few.Key, number).Status]++
		}
		if o.failures() != before {
			continue
		}
		if answers[http.StatusOK] != sharedLimit || answers[http.StatusTooManyRequests] != sharedLimit {
			o.t.Errorf("a limit of %d, shared: answers by status %v", sharedLimit, answers)
		}
		return number
	}
	o.t.Fatal("Redis was never in time for a whole series of lookups")
	return ""
}

// kill ends Redis and starts it again, empty.
func (o *storeOutage) kill() {
	o.t.Helper()
	o.server.Kill()
	o.enter("killed")
	o.awaitStore(0)
	o.awaitEvent("limit_store_down")
	o.await(150)
	o.enter("coming back")
	o.server.Restart()
	o.awaitStore(1)
	o.awaitEvent("limit_store_up")
	o.enter("restarted").counted = true
	o.await(100)
}

// freeze lets Redis hold its connections and say nothing, which is worse.
func (o *storeOutage) freeze() {
	o.t.Helper()
	o.server.Freeze()
	o.enter("frozen")
	o.awaitStore(0)
	o.await(150)
	o.enter("coming back")
	o.server.Thaw()
	o.awaitStore(1)
	o.enter("thawed").counted = true
	o.await(100)
}

// empty restarts Redis so fast that it may not be missed.
func (o *storeOutage) empty() {
	o.t.Helper()
	o.enter("emptied")
	o.server.Kill()
	o.server.Restart()
	o.await(100)
	o.awaitStore(1)
}

// TestLimitsSurviveAnyOutageOfRedis: callers get what on_failure promises, in
// bounded time, and afterwards the limit is shared again without a restart.
func TestLimitsSurviveAnyOutageOfRedis(t *testing.T) {
	for _, policy := range []string{"local", "deny", "allow"} {
		t.Run(policy, func(t *testing.T) {
			o := newStoreOutage(t, policy)
			o.countsExactly()
			o.underLoad(o.kill)
			o.countsExactly()
			o.underLoad(o.freeze)
			used := o.countsExactly()
			o.underLoad(o.empty)
			o.countsExactly()
			harness.Eventually(t, harness.Soon, "a limit in an empty Redis to begin again", func() error {
				if got := o.stages[0].Lookup(o.few.Key, used); got.Status != http.StatusOK {
					return fmt.Errorf("got %d", got.Status)
				}
				return nil
			})
			t.Logf("what callers saw with on_failure %s:\n%s", policy, o.table())
			o.checkAnswers(policy)
			o.checkTimes()
		})
	}
}

func (o *storeOutage) checkAnswers(policy string) {
	o.t.Helper()
	for _, p := range o.phases {
		good, refused := p.answers[http.StatusOK], p.answers[http.StatusServiceUnavailable]
		down := p.name == "killed" || p.name == "frozen"
		switch {
		case good+refused != len(p.outcomes):
			o.t.Errorf("%s: answers by status %v", p.name, p.answers)
		case policy != "deny" && refused != 0:
			o.t.Errorf("%s: %d were refused", p.name, refused)
		case policy == "deny" && down && good != 0:
			o.t.Errorf("%s: %d passed uncounted", p.name, good)
		case policy == "deny" && p.counted && 5*refused > len(p.outcomes):
			o.t.Errorf("%s: %d of %d were refused", p.name, refused, len(p.outcomes))
		}
		for _, got := range p.outcomes {
			if got.Status == http.StatusServiceUnavailable && got.Header.Get("Retry-After") == "" {
				o.t.Fatalf("%s: refused without saying until when: %v", p.name, got.Header)
			}
		}
	}
	for _, s := range o.stages {
		for _, e := range s.Entries() {
			if e.Status == http.StatusServiceUnavailable && e.Reason != "limits_unavailable" {
				o.t.Errorf("refused for %s", e.Reason)
			}
		}
	}
}

// checkTimes wants at most 50 ms more than with Redis, by the design; the rest is
// for a machine that does other work as well.
func (o *storeOutage) checkTimes() {
	o.t.Helper()
	const most = 250 * time.Millisecond
	var usual time.Duration
	for _, p := range o.phases {
		if p.counted {
			usual = max(usual, harness.Percentile(p.outcomes, 99))
		}
	}
	for _, p := range o.phases {
		if p99 := harness.Percentile(p.outcomes, 99); p99 > usual+most {
			o.t.Errorf("%s: the slowest of a hundred took %v, and %v with Redis", p.name, p99, usual)
		}
	}
}
