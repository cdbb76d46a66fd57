// Package soak looks for what grows: it lets the real binary work for a long
// time, with rotations and reloads, and measures what it holds. `make soak`
// runs it for 20 minutes; the tests do so for seconds, which shows only that
// it works.
package soak

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

const (
	rate    = 250 // lookups a second
	workers = 64

	// samples are measured over the whole time.
	samples = 60

	// leastInterval is between two of them.
	leastInterval = 500 * time.Millisecond
)

var (
	soakFor = flag.Duration("for", 10*time.Second, "how long it lasts")
	bin     harness.Binaries
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ringward-soak-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if bin, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, "building the programs under test:", err)
		return 1
	}
	return m.Run()
}

// soak is a Ringward at work.
type soak struct {
	*harness.Stage
	t     *testing.T
	vault *harness.Vault // nil for a key in a file
	key   string

	rotations, reloads int

	mu      sync.Mutex
	answers map[int]int // by status; 0 for none
}

const secretPath = "secret/soak"

func newSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{t: t, Stage: harness.NewStage(t, bin, "checkthatphone"), answers: make(map[int]int)}
	s.key = s.Standin.Key
	s.Log = "discard"
	s.Route = "limit ip 10000000/h\n limit caller 10000000/h\n limit number 10000000/m\n limit block 10000000/m"
	s.Credential += " {\n refresh 500ms\n }"
	if bin.Vault != "" {
		var err error
		if s.vault, err = harness.StartVault(bin, harness.ShortDir(t)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.vault.Stop)
		s.vault.Policy(t, "soak", `path "secret/data/soak" { capabilities = ["read"] }`)
		s.Vault = fmt.Sprintf("vault %s {\n ca %s\n auth token_file %s\n }", s.vault.Address, s.vault.CAFile, s.File("vault-token", s.vault.Token(t, "soak")))
		s.Credential = "vault " + secretPath + " api_key {\n refresh 500ms\n }"
	}
	s.store(s.key)
	return s
}

func (s *soak) store(key string) {
	s.t.Helper()
	if s.vault == nil {
		s.File("provider-key", key)
		return
	}
	s.vault.Put(s.t, secretPath, map[string]string{"api_key": key})
}

// rotate gives the provider a new key. It takes the old one until the next
// rotation.
func (s *soak) rotate() {
	s.t.Helper()
	next := harness.ProviderKey()
	s.Standin.SetKeys(s.t, s.Provider, s.key, next)
	s.store(next)
	s.key = next
	s.rotations++
}

// reload gives Ringward a config that is a little different.
func (s *soak) reload() {
	s.t.Helper()
	s.App = fmt.Sprintf("caller other {\n key %s\n }", harness.NewCaller().Digest)
	s.MustReload()
	s.reloads++
}

func (s *soak) count(o harness.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[o.Status]++
}

// TestSoak works for a time and measures.
func TestSoak(t *testing.T) { //nolint:paralleltest // it measures
	s := newSoak(t)
	s.Run()
	l := harness.StartEndlessLoad(t, s.Stage, workers, rate, s.count)
	l.AwaitAnswers(t, 2*rate) // what is made once is made now
	interval := max(*soakFor/samples, leastInterval)
	var gauges []harness.Gauge
	begun := time.Now()
	for next := begun.Add(interval); time.Since(begun) < *soakFor; next = next.Add(interval) {
		time.Sleep(time.Until(next)) // the time is what is asked for
		g := s.Gauge()
		gauges = append(gauges, g)
		t.Logf("%6s: %7d lookups, %7d answered; %3d goroutines, %3d open files, heap %5.1f MiB, resident %5.1f MiB",
			time.Since(begun).Round(time.Second), l.Ended(), l.Answered(), g.Goroutines, g.FDs, mib(g.Heap), mib(g.RSS))
		if s.rotate(); s.rotations%3 == 0 {
			s.reload()
		}
	}
	_, achieved := l.Finish()
	t.Logf("%.0f lookups/s, %d rotations, %d reloads; answers by status: %v", achieved, s.rotations, s.reloads, s.answers)
	s.checkAnswers()
	checkLevel(t, gauges)
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// checkAnswers: a lookup that a reload meets on its way into an old socket is
// lost, as Caddy replaces sockets; nothing else is.
func (s *soak) checkAnswers() {
	s.t.Helper()
	lost := s.answers[0]
	for status, n := range s.answers {
		if status != 0 && status != 200 {
			s.t.Errorf("%d lookups got %d", n, status)
		}
	}
	if most := s.reloads * workers / 4; lost > most {
		s.t.Errorf("%d lookups were lost in %d reloads, want %d at most", lost, s.reloads, most)
	}
}

// checkLevel compares the second quarter of the time with the last one.
func checkLevel(t *testing.T, gauges []harness.Gauge) {
	t.Helper()
	n := len(gauges) / 4
	if n == 0 {
		t.Fatalf("%d measurements are too few", len(gauges))
	}
	early, late := gauges[n:2*n], gauges[len(gauges)-n:]
	for _, figure := range []struct {
		name  string
		of    func(harness.Gauge) int64
		slack int64 // that it may grow by, and a tenth
	}{
		{"goroutines", func(g harness.Gauge) int64 { return int64(g.Goroutines) }, 24},
		{"open files", func(g harness.Gauge) int64 { return int64(g.FDs) }, 24},
		{"bytes of heap", func(g harness.Gauge) int64 { return g.Heap }, 4 << 20},
		{"bytes in memory", func(g harness.Gauge) int64 { return g.RSS }, 16 << 20},
	} {
		was, is := median(early, figure.of), median(late, figure.of)
		if is > was+was/10+figure.slack {
			t.Errorf("%s went from %d to %d", figure.name, was, is)
		}
	}
}

func median(gauges []harness.Gauge, of func(harness.Gauge) int64) int64 {
	values := make([]int64, len(gauges))
	for i, g := range gauges {
		values[i] = of(g)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
