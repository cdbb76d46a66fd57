package caddymodule

import (
	"strconv"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/demo"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

func TestBudgetsAreNeverExceeded(t *testing.T) {
	for _, tt := range []struct {
		name, route, app string
		key              string
		other            string // a caller with a budget of its own; empty where all share one
	}{
		{"of a provider", "budget provider daily 3\n limit caller 1000/h", "", "full", ""},
		{"of each caller at a provider", "budget caller monthly 3", "", "full", "minimal"},
		{"of a caller", "", "budget daily 3 soft 2", "own", "minimal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, "checkthatphone")
			s.Route = tt.route + "\n allow litigatorFilter"
			s.App = "caller own {\n key " + sumOf(t, "budget") + "\n " + tt.app + "\n }"
			s.start()
			keys := map[string]string{"full": s.Full, "minimal": s.Minimal, "own": keyOf["budget"]}
			if got := s.postAs(keys[tt.key], "/v1/lookup", `{"phone":"`+canaryNumber+`","litigatorFilter":true}`); got.status != 200 || s.entry(got).Cost != 2 {
				t.Fatalf("a lookup that costs two units: got %d %s", got.status, got.body)
			}
			if got := s.postAs(keys[tt.key], "/v1/lookup", `{"phone":"`+canaryNumber+`","litigatorFilter":true}`); got.status != 429 {
				t.Errorf("more than is left: got %d", got.status)
			}
			if got := s.lookup(keys[tt.key], canaryNumber); got.status != 200 {
				t.Errorf("just what is left: got %d %s", got.status, got.body)
			}
			calls := s.provider.Calls()
			got := s.lookup(keys[tt.key], canaryNumber)
			if e := s.entry(got); got.status != 429 || e.Reason != "budget_exceeded" || e.Decision != "refused" || s.provider.Calls() != calls {
				t.Errorf("with nothing left: got %d %s, entry %+v", got.status, got.body, e)
			}
			if left := got.header.Get("X-RateLimit-Remaining"); left != "" {
				t.Errorf("a client is told that %s requests are left", left)
			}
			if wait, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || wait < 1 || wait > 31*24*3600 {
				t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
			}
			if tt.other != "" {
				if got := s.lookup(keys[tt.other], canaryNumber); got.status != 200 {
					t.Errorf("another caller: got %d %s", got.status, got.body)
				}
			}
			s.start() // a reload
			if got := s.lookup(keys[tt.key], canaryNumber); got.status != 429 {
				t.Errorf("after a reload: got %d", got.status)
			}
		})
	}
}

// TestWhatIsNotChargedIsGivenBack: refusals and errors of the provider cost
// nothing, an answer that was lost on the way may have.
func TestWhatIsNotChargedIsGivenBack(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Route = "budget provider daily 1\n timeout 400ms"
	s.start()
	for name, fault := range map[string]demo.Fault{
		"rate limit": s.provider.DocumentedErrors()["rate_limit"], "error": {Status: 500, Body: `{"error":"x"}`}, "bad request": {Status: 400, Body: `{"error":"x"}`},
	} {
		s.provider.SetFault(fault)
		got := s.lookup(s.Full, canaryNumber)
		if e := s.entry(got); got.status < 400 || e.Cost != 0 {
			t.Errorf("%s: got %d, cost %d", name, got.status, e.Cost)
		}
	}
	never := make(chan struct{})
	s.provider.SetFault(demo.Fault{Wait: never})
	got := s.lookup(s.Full, canaryNumber)
	close(never)
	if e := s.entry(got); got.status != 504 || e.Cost != 1 {
		t.Errorf("a timeout: got %d, entry %+v", got.status, e)
	}
	if got := s.lookup(s.Full, canaryNumber); got.status != 429 {
		t.Errorf("after an answer that may have been charged: got %d %s", got.status, got.body)
	}
}

// TestConcurrencyIsBounded holds one lookup at the provider and asks for more.
func TestConcurrencyIsBounded(t *testing.T) {
	for _, tt := range []struct{ name, route, app string }{
		{"of a provider", "concurrency 1 queue 1 wait 20s", ""},
		{"of a caller", "", "concurrency 1 queue 1 wait 20s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, "checkthatphone")
			s.Route = tt.route
			s.App = "caller own {\n key " + sumOf(t, "gate") + "\n " + tt.app + "\n }"
			s.start()
			key := keyOf["gate"]
			hold := make(chan struct{})
			s.provider.SetFault(demo.Fault{Wait: hold})
			answers := make(chan reply, 2)
			ask := func() { answers <- s.do(s.lookupRequest(key, canaryNumber)) }
			go ask()
			s.await("the first lookup to reach the provider", func() bool { return s.provider.Calls() == 1 })
			go ask()
			s.await("the second lookup to wait", func() bool { return waitingAtGates() == 1 })
			refused := s.lookup(key, canaryNumber)
			if e := s.entry(refused); refused.status != 503 || e.Reason != "busy" || e.Decision != "refused" || refused.header.Get("Retry-After") != "1" {
				t.Errorf("got %d %s, entry %+v", refused.status, refused.body, e)
			}
			close(hold)
			for range 2 {
				if got := <-answers; got.status != 200 {
					t.Errorf("one that waited: got %d %s", got.status, got.body)
				}
			}
			if got := s.lookup(key, canaryNumber); got.status != 200 {
				t.Errorf("afterwards: got %d %s", got.status, got.body)
			}
		})
	}
}

// TestConcurrencyNeedsNoQueue: who does not fit is refused at once.
func TestConcurrencyNeedsNoQueue(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Route = "concurrency 1"
	s.App = "tier few {\n concurrency 5\n }\n caller own {\n tier few\n key " + sumOf(t, "no-queue") + "\n }"
	s.start()
	hold := make(chan struct{})
	s.provider.SetFault(demo.Fault{Wait: hold})
	answer := make(chan reply)
	go func() { answer <- s.lookup(keyOf["no-queue"], canaryNumber) }()
	s.await("the first lookup to reach the provider", func() bool { return s.provider.Calls() == 1 })
	if got := s.lookup(keyOf["no-queue"], canaryNumber); got.status != 503 || s.entry(got).Reason != "busy" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	close(hold)
	if got := <-answer; got.status != 200 {
		t.Errorf("the first: got %d %s", got.status, got.body)
	}
	s.Route = "concurrency 1 wait 2s"
	if err := s.tryStart(); err == nil {
		t.Error("a wait without a queue is accepted")
	}
}

// waitingAtGates counts who waits at any gate.
func waitingAtGates() int {
	all := 0
	gatePool.Range(func(_, value any) bool {
		_, waiting := value.(pooled[*quota.Gates]).value.Load()
		all += waiting
		return true
	})
	return all
}

// await polls for what another goroutine brings about.
func (s *stage) await(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
