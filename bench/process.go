package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// process is a program that runs in a directory of its own.
type process struct {
	dir    string
	cmd    *exec.Cmd
	log    string // path of what it prints to standard error
	exited chan struct{}
}

// launch starts a program that ends with the benchmark. Its standard output goes
// to stdout, or to a file where that is nil.
func launch(dir string, stdout *os.File, path string, args ...string) (*process, error) {
	p := &process{dir: dir, log: filepath.Join(dir, "stderr"), exited: make(chan struct{})}
	errorLog, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer errorLog.Close()
	if stdout == nil {
		if stdout, err = os.Create(filepath.Join(dir, "stdout")); err != nil {
			return nil, err
		}
		defer stdout.Close()
	}
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir = dir
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}
	for _, name := range []string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS"} { // what a user may tune
		if value, set := os.LookupEnv(name); set {
			p.cmd.Env = append(p.cmd.Env, name+"="+value)
		}
	}
	p.cmd.Stdout, p.cmd.Stderr = stdout, errorLog
	if _, err := p.cmd.StdinPipe(); err != nil { // stays open until the process ends
		return nil, err
	}
	if err := harness.StartTied(p.cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(path), err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended does not matter: it is killed
		close(p.exited)
	}()
	return p, nil
}

// stop asks the process to end, so that it ends its children too, and kills it
// where it takes too long.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// running returns an error with the end of the log when the process has ended.
func (p *process) running() error {
	select {
	case <-p.exited:
		return fmt.Errorf("%s has ended: %s", filepath.Base(p.cmd.Path), p.lastWords())
	default:
		return nil
	}
}

// lastWords are the end of what the process printed to standard error.
func (p *process) lastWords() []byte {
	text, _ := os.ReadFile(p.log)
	return text[max(0, len(text)-2000):]
}

// usage is what a process and its children have used.
type usage struct {
	cpu time.Duration // user and system time
	rss int64         // bytes; pages that children share count for each of them
}

func (p *process) usage() (usage, error) {
	var sum usage
	pids, err := withChildren(p.cmd.Process.Pid)
	for _, pid := range pids {
		var one usage
		if one, err = usageOf(pid); err != nil {
			break
		}
		sum.cpu += one.cpu
		sum.rss += one.rss
	}
	return sum, err
}

// clockTick is the unit of CPU times in /proc: 1/100 s on every Linux that Go
// runs on.
const clockTick = 10 * time.Millisecond

var errStat = errors.New("/proc tells something else than expected")

// stat reads the fields of /proc/PID/stat after the name of the program, which
// may hold anything. The first of them is the third in proc(5).
func stat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 22 {
		return nil, errStat
	}
	return fields, nil
}

func usageOf(pid int) (usage, error) {
	fields, err := stat(pid)
	if err != nil {
		return usage{}, err
	}
	utime, err1 := strconv.ParseInt(fields[11], 10, 64)
	stime, err2 := strconv.ParseInt(fields[12], 10, 64)
	pages, err3 := strconv.ParseInt(fields[21], 10, 64)
	return usage{
		cpu: time.Duration(utime+stime) * clockTick,
		rss: pages * int64(os.Getpagesize()),
	}, errors.Join(err1, err2, err3)
}

// withChildren lists a process and those that it started.
func withChildren(parent int) ([]int, error) {
	pids := []int{parent}
	entries, err := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, notNumber := strconv.Atoi(entry.Name())
		if notNumber != nil {
			continue
		}
		fields, gone := stat(pid)
		if gone == nil && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids, err
}
