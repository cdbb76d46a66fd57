package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// Gauge is what a Ringward holds at one moment.
type Gauge struct {
	Goroutines int
	FDs        int   // open files and connections
	Heap       int64 // bytes, after a garbage collection
	RSS        int64 // bytes of the process in memory
}

// Slack is by how much a Ringward at rest may hold more than it did before:
// connections to Vault, Redis and the provider come and go.
const (
	slackGoroutines = 16
	slackFDs        = 16
	slackHeap       = 8 << 20
)

var (
	goroutineTotal = regexp.MustCompile(`^goroutine profile: total (\d+)`)
	heapAlloc      = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`)
	residentSize   = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)
)

// Gauge measures the running process. It needs /proc.
func (s *Stage) Gauge() Gauge {
	s.t.Helper()
	proc := filepath.Join("/proc", strconv.Itoa(s.Process.PID()))
	heap := s.figure(heapAlloc, s.AdminGet("/debug/pprof/heap?debug=1&gc=1").Body)
	goroutines := s.figure(goroutineTotal, s.AdminGet("/debug/pprof/goroutine?debug=1").Body)
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		s.t.Fatal(err)
	}
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		s.t.Fatal(err)
	}
	return Gauge{
		Goroutines: int(goroutines), FDs: len(files),
		Heap: heap, RSS: s.figure(residentSize, string(status)) << 10,
	}
}

func (s *Stage) figure(pattern *regexp.Regexp, text string) int64 {
	s.t.Helper()
	match := pattern.FindStringSubmatch(text)
	if match == nil {
		s.t.Fatalf("no %s in %.200s", pattern, text)
	}
	n, err := strconv.ParseInt(match[1], 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// Above returns an error when a Ringward at rest holds more than it did before.
func (g Gauge) Above(before Gauge) error {
	switch {
	case g.Goroutines > before.Goroutines+slackGoroutines:
		return fmt.Errorf("%d goroutines, and %d before", g.Goroutines, before.Goroutines)
	case g.FDs > before.FDs+slackFDs:
		return fmt.Errorf("%d open files, and %d before", g.FDs, before.FDs)
	case g.Heap > before.Heap+before.Heap/2+slackHeap:
		return fmt.Errorf("%d bytes of heap, and %d before", g.Heap, before.Heap)
	}
	return nil
}

// AwaitRest waits until Ringward holds no more than before, and returns what it
// holds.
func (s *Stage) AwaitRest(before Gauge) (now Gauge) {
	s.t.Helper()
	Eventually(s.t, Soon, "Ringward to come to rest", func() error {
		now = s.Gauge()
		return now.Above(before)
	})
	return now
}
