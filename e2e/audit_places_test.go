package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// collector keeps the lines that it is sent over TCP in a file.
type collector struct {
	address string
	path    string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	wg       sync.WaitGroup
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{address: "127.0.0.1:" + harness.FreePort(t), path: filepath.Join(t.TempDir(), "collected.jsonl")}
	c.open(t)
	t.Cleanup(c.close)
	return c
}

func (c *collector) open(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.listener = listener
	c.mu.Unlock()
	c.wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			c.mu.Lock()
			c.conns = append(c.conns, conn)
			c.mu.Unlock()
			c.wg.Go(func() { c.keep(conn) })
		}
	})
}

func (c *collector) keep(conn net.Conn) {
	file, err := os.OpenFile(c.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	defer file.Close()
	_, _ = io.Copy(file, conn) // until either side ends it
}

// close ends the collector, and with it its connections.
func (c *collector) close() {
	c.mu.Lock()
	_ = c.listener.Close()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
	c.mu.Unlock()
	c.wg.Wait()
}

// drain waits until everything is kept that was sent by those who have ended.
func (c *collector) drain() {
	c.mu.Lock()
	_ = c.listener.Close()
	c.mu.Unlock()
	c.wg.Wait()
}

// TestFaultOfTheCollectorCostsNothing: the file has everything meanwhile, and the
// collector gets entries again when it is back.
func TestFaultOfTheCollectorCostsNothing(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := newAuditStage(t, "also tcp "+c.address)
	s.Run()
	load := s.load()
	load.await(30, 0)
	c.close()
	load.await(60, 0)
	c.open(t)
	load.await(30, 0)
	answered := load.stop()
	load.wantNoFailure()
	load.wantNoRefusal()
	got, err := s.ask()
	if err != nil {
		t.Fatal(err)
	}
	last := got.Header.Get("X-Request-Id")
	harness.Eventually(t, harness.Soon, "the collector to get the last entry", func() error {
		if !auditTextOf(t, c.path).results[last] {
			return fmt.Errorf("it has not")
		}
		return nil
	})
	s.stop()
	auditTextOf(t, s.Audit).wantAll(t, append(answered, last))
	s.verify(s.Audit)
}

// TestMovedAndRemovedLogs: a file that is moved away costs nothing, and is part of
// the chain wherever it is. One that is removed is missed.
func TestMovedAndRemovedLogs(t *testing.T) {
	t.Parallel()
	s := newAuditStage(t, "")
	s.Audit = filepath.Join(s.Dir, "log", "audit.jsonl")
	s.Run()
	load := s.load()
	load.await(20, 0)
	if err := os.Rename(s.Audit, s.Audit+".1"); err != nil {
		t.Fatal(err)
	}
	load.await(20, 0)
	if err := os.Rename(s.Audit, s.Audit+".2"); err != nil {
		t.Fatal(err)
	}
	load.await(20, 0)
	answered := load.stop()
	load.wantNoFailure()
	load.wantNoRefusal()
	auditTextOf(t, s.Audit+"*").wantAll(t, answered)
	if verified := s.verify(filepath.Dir(s.Audit)); counted(verified, "entries in 3 files") != len(answered) {
		t.Errorf("%d answers: %s", len(answered), verified)
	}

	load = s.load()
	load.await(20, 0)
	if err := os.Remove(s.Audit); err != nil {
		t.Fatal(err)
	}
	load.await(20, 0)
	load.stop()
	load.wantNoFailure()
	s.stop()
	got := s.Command("audit", "verify", "--key", s.verifier, filepath.Dir(s.Audit))
	if got.Code != 1 || !strings.Contains(got.Stdout, "lines between them are missing, and no tombstone says why") {
		t.Errorf("nobody misses the removed file: %+v", got)
	}
}

// TestTwoProcessesNeedALogEach: the second one at a log is refused, and the log
// stays whole.
func TestTwoProcessesNeedALogEach(t *testing.T) {
	t.Parallel()
	one, two := newAuditStage(t, "instance one"), newAuditStage(t, "instance two")
	one.Audit = filepath.Join(one.Dir, "log", "one.jsonl")
	one.Run()
	one.mustAnswer(2)
	two.Audit = one.Audit
	refused := two.Command("run", "--config", two.Caddyfile())
	if refused.Code == 0 || !strings.Contains(refused.Stderr, "another process writes to this log; each instance needs an audit file of its own") {
		t.Errorf("the second process: %+v", refused)
	}
	one.mustAnswer(2)
	if verified := one.verify(one.Audit); counted(verified, "entries in 1 files") != 4 {
		t.Errorf("four lookups: %s", verified)
	}

	two.Audit = filepath.Join(one.Dir, "log", "two.jsonl")
	two.Run()
	two.mustAnswer(3)
	verified := one.verify("--key", two.verifier, filepath.Dir(one.Audit))
	for _, want := range []string{"one  whole", "two  whole", "4 entries", "3 entries"} {
		if !strings.Contains(verified, want) {
			t.Errorf("%q is not in what verify says: %s", want, verified)
		}
	}
	one.stop()
	two.stop()
	got := one.Command("audit", "report", "--since", time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly), "--format", "json", "--key", one.verifier, "--key", two.verifier, filepath.Dir(one.Audit))
	var report struct {
		Instances []string
		Integrity struct{ OK bool }
	}
	if err := json.Unmarshal([]byte(got.Stdout), &report); err != nil || got.Code != 0 {
		t.Fatalf("report: %v %+v", err, got)
	}
	if fmt.Sprint(report.Instances) != "[one two]" || !report.Integrity.OK {
		t.Errorf("the report is about %v, whole: %t\n%s", report.Instances, report.Integrity.OK, got.Stdout)
	}
}
