package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// inFlight is a lookup that the provider has received and does not answer yet.
type inFlight struct {
	done chan struct{}
	got  harness.Reply
	err  error
}

// holdLookup begins a lookup, and returns once it is in flight.
func holdLookup(t *testing.T, s *harness.Stage) *inFlight {
	t.Helper()
	s.Standin.Hold(t, s.Provider)
	req := s.LookupRequest(s.Minimal.Key, harness.Number)
	f := &inFlight{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.got, f.err = harness.Client{}.Do(req)
	}()
	s.Standin.AwaitHeld(t, s.Provider)
	return f
}

// finish lets the provider answer, and returns what the caller got.
func (f *inFlight) finish(t *testing.T, s *harness.Stage) harness.Reply {
	t.Helper()
	s.Standin.Open(t, s.Provider)
	<-f.done
	if f.err != nil {
		t.Fatal(f.err)
	}
	return f.got
}

func TestReloadTakesEffectAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	// The held lookup outlasts three reloads, however slow the machine is.
	const timeout = "timeout 2m\n"
	s.Route = timeout + "limit caller 1000000/h"
	s.Run()
	held := holdLookup(t, s)
	loadRunning(t, s, func() {
		for i := range 3 {
			s.Route = fmt.Sprintf(timeout+"limit caller %d/h", 1000001+i)
			s.MustReload()
		}
	})
	if got := s.Lookup(s.Minimal.Key, harness.Number); !strings.Contains(got.Header.Get("RateLimit-Policy"), "q=1000003;") {
		t.Errorf("the new config is not in effect: %v", got.Header)
	}
	if got := held.finish(t, s); got.Status != 200 || s.Entry(got).Decision != "answered" {
		t.Errorf("the lookup in flight: got %d %s", got.Status, got.Body)
	}
}

// loadRunning sends lookups all the time while work is done. None may fail, but
// for those whose connection still waited to be served when a reload of Caddy
// closed the old socket: they must not have cost anything.
func loadRunning(t *testing.T, s *harness.Stage, work func()) {
	t.Helper()
	var wg sync.WaitGroup
	var stop atomic.Bool
	var answered, dropped atomic.Int64
	s.Lookup(s.Minimal.Key, harness.OtherNumber) // the first one is slow
	before := s.Standin.Calls(t, s.Provider)
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				got, err := harness.Client{}.Do(s.LookupRequest(s.Minimal.Key, harness.OtherNumber))
				switch {
				case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF):
					dropped.Add(1)
				case err != nil || got.Status != 200:
					t.Errorf("got %d %s, %v", got.Status, got.Body, err)
					return
				default:
					answered.Add(1)
				}
			}
		})
	}
	work()
	stop.Store(true)
	wg.Wait()
	calls := s.Standin.Calls(t, s.Provider) - before
	t.Logf("%d lookups were answered, %d connections were dropped before they were served", answered.Load(), dropped.Load())
	if answered.Load() == 0 || int64(calls) != answered.Load() {
		t.Errorf("%d calls for %d answers", calls, answered.Load())
	}
}

// TestReloadToAnotherAuditLogLosesNoLookup holds a lookup over a reload that
// moves the audit log: the provider's answer is paid for, so it must arrive.
func TestReloadToAnotherAuditLogLosesNoLookup(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	s.Run()
	held, before := holdLookup(t, s), s.Audit
	s.Audit = s.Dir + "/audit2.jsonl"
	s.MustReload()
	got := held.finish(t, s)
	if got.Status != 200 {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	id := got.Header.Get("X-Request-Id")
	s.Lookup(s.Minimal.Key, harness.OtherNumber)
	old, new := s.Read("audit.jsonl"), s.Read("audit2.jsonl")
	if !strings.Contains(old+new, id) || strings.Count(new, "\n") == 0 {
		t.Errorf("the entry is neither in %s nor in %s", before, s.Audit)
	}
}

func TestReloadResetsNoLimit(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	s.Route = "limit caller 2/h"
	s.Run()
	s.Lookup(s.Minimal.Key, harness.Number)
	s.App = "caller another {\n key " + harness.NewCaller().Digest + "\n }"
	s.MustReload()
	s.Lookup(s.Minimal.Key, harness.Number)
	if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 429 || got.Header.Get("Retry-After") == "" {
		t.Errorf("third of two: got %d %s", got.Status, got.Body)
	}
}

func TestBadReloadChangesNothing(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	s.Run()
	good := s.Credential
	for _, bad := range []string{"file /nowhere/key", "env NO_SUCH_KEY"} {
		s.Credential = bad
		if got := s.Reload(); got.Code == 0 || !strings.Contains(got.Stderr, strings.Fields(bad)[1]) {
			t.Errorf("%s: got %+v", bad, got)
		}
		if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 200 {
			t.Errorf("afterwards: got %d %s", got.Status, got.Body)
		}
	}
	s.AwaitHealth(200)
	s.Credential = good
	s.MustReload()
	if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 200 {
		t.Errorf("after a good reload: got %d %s", got.Status, got.Body)
	}
}

func TestSIGTERMDrains(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	s.Run()
	held := holdLookup(t, s)
	s.Process.Signal(t, syscall.SIGTERM)
	harness.Eventually(t, harness.Soon, "the port to close", func() error { return harness.Refused(s.Bind + ":" + s.Port) })
	if !s.Process.Running() {
		t.Error("the process ended under a lookup")
	}
	if got := held.finish(t, s); got.Status != 200 || s.Entry(got).Decision != "answered" {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	if code := s.Process.Wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestCallerThatLeavesIsRecorded: a lookup costs money whether or not somebody
// waits for it.
func TestCallerThatLeavesIsRecorded(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	s.Run()
	s.Standin.Hold(t, s.Provider)
	req := s.LookupRequest(s.Minimal.Key, harness.Number)
	conn := rawRequest(t, s, req)
	s.Standin.AwaitHeld(t, s.Provider)
	_ = conn.Close()
	harness.Eventually(t, harness.Soon, "the audit entry", func() error {
		for _, e := range s.Entries() {
			if e.Decision == "failed" && e.Reason == "canceled" && e.UpstreamCalls == 1 {
				return nil
			}
		}
		return fmt.Errorf("entries %+v", s.Entries())
	})
}

// rawRequest sends a request on a connection that the test can break.
func rawRequest(t *testing.T, s *harness.Stage, req *http.Request) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort(s.Bind, s.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	w := bufio.NewWriter(conn)
	if err := req.Write(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestUnixSocketIsServedAsTheSameHost(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	socket := s.Dir + "/ringward.sock"
	s.Bind = "unix/" + socket
	s.Route = "anonymous validity"
	s.Run()
	client := harness.Client{Socket: socket}
	post := func(header ...string) *http.Request {
		return harness.Request(t, http.MethodPost, "http://ringward/v1/lookup", `{"phone":"`+harness.Number+`"}`,
			append([]string{"Content-Type", "application/json"}, header...)...)
	}
	for _, tt := range []struct {
		name, caller string
		req          *http.Request
		status       int
	}{
		{"with a key", "minimal", post("X-API-Key", s.Minimal.Key), 200},
		{"anonymous", "anonymous", post(), 200},
		{"anonymous through a proxy", "", post("X-Forwarded-For", "203.0.113.9"), 401},
		{"with a wrong key", "", post("X-API-Key", "wrong"), 401},
	} {
		got := client.MustDo(t, tt.req)
		if got.Status != tt.status {
			t.Errorf("%s: got %d %s", tt.name, got.Status, got.Body)
		}
		if e := s.Entry(got); e.Caller != tt.caller {
			t.Errorf("%s: the audit entry names %q", tt.name, e.Caller)
		}
	}
}
