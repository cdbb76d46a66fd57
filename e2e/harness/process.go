package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Deadlines of tests, generous for a machine that does other work as well.
const (
	// Soon is for what takes well under a second on an idle machine.
	Soon = 30 * time.Second

	// startTimeout bounds the start of a test server.
	startTimeout = 60 * time.Second

	// runTimeout bounds a command that ends by itself.
	runTimeout = 60 * time.Second

	// exitTimeout bounds the time from a signal to the end.
	exitTimeout = 30 * time.Second
)

// raceReport starts what the race detector prints.
const raceReport = "WARNING: DATA RACE"

// Process is a program that runs.
type Process struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout Output
	stderr Output
	done   chan struct{}
}

// Output collects what a process prints. It is safe for concurrent use.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends to the output.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// String returns what was printed so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Take returns what was printed since the last time, and forgets it.
func (o *Output) Take() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := o.buf.String()
	o.buf.Reset()
	return text
}

// launch starts a program whose standard input stays open until it is closed.
// Its environment is env and nothing of the machine's user but PATH.
func launch(dir string, env []string, path string, args ...string) (*Process, error) {
	p := &Process{name: filepath.Base(path), cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.WaitDelay = time.Second // for a grandchild that keeps the pipes
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := StartTied(p.cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	go func() {
		_ = p.cmd.Wait() // the state tells how it ended
		close(p.done)
	}()
	return p, nil
}

// Start starts a program with a home and a temporary directory of its own. It
// is killed when the test ends, and what it printed is shown if the test failed.
func Start(t testing.TB, env []string, path string, args ...string) *Process {
	t.Helper()
	home := t.TempDir()
	tmp := filepath.Join(home, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	base := []string{"HOME=" + home, "TMPDIR=" + tmp}
	p, err := launch(home, append(base, env...), path, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		p.checkRaces(t)
		if t.Failed() {
			t.Logf("%s %s\nstdout:\n%s\nstderr:\n%s", p.name, strings.Join(args, " "), tail(p.Stdout()), tail(p.Stderr()))
		}
	})
	return p
}

// tail returns the end of a long text.
func tail(text string) string { return text[max(0, len(text)-4096):] }

func (p *Process) checkRaces(t testing.TB) {
	t.Helper()
	if at := strings.Index(p.Stderr(), raceReport); at >= 0 {
		t.Errorf("%s has a data race:\n%.4000s", p.name, p.Stderr()[at:])
	}
}

// Stdout and Stderr return what was printed so far.
func (p *Process) Stdout() string { return p.stdout.String() }

// Stderr returns what was printed to standard error so far.
func (p *Process) Stderr() string { return p.stderr.String() }

// TakeOutput returns what was printed to standard output and standard error
// since the last time, and forgets it: for a process that prints too much to
// keep.
func (p *Process) TakeOutput() (stdout, stderr string) { return p.stdout.Take(), p.stderr.Take() }

// PID is the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Home is the directory in which the process runs.
func (p *Process) Home() string { return p.cmd.Dir }

// Tmp is the process's directory for temporary files.
func (p *Process) Tmp() string { return filepath.Join(p.Home(), "tmp") }

// Running reports whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Signal sends a signal to the process.
func (p *Process) Signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("signaling %s: %v", p.name, err)
	}
}

// Wait waits for the end of the process and returns its exit code.
func (p *Process) Wait(t testing.TB) int {
	t.Helper()
	return p.wait(t, exitTimeout)
}

func (p *Process) wait(t testing.TB, within time.Duration) int {
	t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		t.Fatalf("%s did not end within %s", p.name, within)
		return -1
	}
}

// kill ends the process at once.
func (p *Process) kill() {
	_ = p.stdin.Close()
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.done
}

// Result is how a command ended.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Run runs a command to its end.
func Run(t testing.TB, env []string, path string, args ...string) Result {
	t.Helper()
	p := Start(t, env, path, args...)
	_ = p.stdin.Close()
	code := p.wait(t, runTimeout)
	return Result{Code: code, Stdout: p.Stdout(), Stderr: p.Stderr()}
}

// Eventually calls check until it returns nil. It fails the test with the last
// error when that takes longer than the given time.
func Eventually(t testing.TB, within time.Duration, what string, check func() error) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("waited %s in vain for %s: %v", within, what, err)
		case <-tick.C:
		}
	}
}

// errEnded says that a process ended while something was expected of it.
var errEnded = errors.New("the process has ended")

// awaitLine waits for a whole line of output and decodes it.
func (p *Process) awaitLine(into any) error {
	deadline := time.NewTimer(startTimeout)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if line, _, whole := strings.Cut(p.Stdout(), "\n"); whole {
			return json.Unmarshal([]byte(line), into)
		}
		select {
		case <-p.done:
			return errEnded
		case <-deadline.C:
			return errors.New("not ready in time")
		case <-tick.C:
		}
	}
}
