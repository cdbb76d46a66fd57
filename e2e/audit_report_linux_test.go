package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// logEntries is how many entries the large log has: RINGWARD_E2E_ENTRIES, or
// 200,000; under the race detector, which is some thirty times slower, 40,000.
func logEntries(t *testing.T) int {
	t.Helper()
	text := os.Getenv("RINGWARD_E2E_ENTRIES")
	switch {
	case text == "" && harness.RaceDetector:
		return 40_000
	case text == "":
		return 200_000
	}
	entries, err := strconv.Atoi(text)
	if err != nil || entries < 10_000 {
		t.Fatal("RINGWARD_E2E_ENTRIES is no number of entries: use 10000 or more")
	}
	return entries
}

// largeLogs are logs of one instance each.
type largeLogs struct {
	t                *testing.T
	generator        string
	signer, verifier string // paths
}

func newLargeLogs(t *testing.T) *largeLogs {
	t.Helper()
	dir := harness.ShortDir(t)
	l := &largeLogs{
		t: t, generator: bin.BuildTool(t, "caddymodule/internal/audit/ledgergen"),
		signer: filepath.Join(dir, "signing-key"), verifier: filepath.Join(dir, "audit.pub"),
	}
	signer, verifier := auditKey(t)
	for path, key := range map[string]string{l.signer: signer, l.verifier: verifier} {
		if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

const largeLogMonth = "2026-10"

// write returns the path of a new log.
func (l *largeLogs) write(entries int) string {
	l.t.Helper()
	path := filepath.Join(l.t.TempDir(), "audit.jsonl")
	l.run(l.generator, "-file", path, "-entries", strconv.Itoa(entries), "-month", largeLogMonth, "-signing-key", l.signer)
	return path
}

// run runs a command and returns what it printed, the most memory that it had and
// how long it took.
func (l *largeLogs) run(name string, args ...string) (out []byte, memory int64, took time.Duration) {
	l.t.Helper()
	cmd := exec.CommandContext(l.t.Context(), name, args...)
	var printed, errors strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &errors
	began := time.Now()
	if err := harness.StartTied(cmd); err != nil {
		l.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		l.t.Fatalf("%s: %v\n%s", args, err, errors.String())
	}
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return []byte(printed.String()), usage.Maxrss << 10, time.Since(began)
}

// What a command may take, and how much more for a log twenty times as large: both
// are generous.
const (
	maxMemory = 200 << 20
	maxGrowth = 64 << 20
)

// TestLargeLogsNeedLittleMemory verifies and reports a large log, and a small one
// to compare with.
func TestLargeLogsNeedLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	l, entries := newLargeLogs(t), logEntries(t)
	small, large := l.write(entries/20), l.write(entries)
	for _, args := range [][]string{
		{"verify", "--key", l.verifier},
		{"report", "--key", l.verifier, "--month", largeLogMonth, "--format", "json"},
	} {
		args = append([]string{"audit"}, args...)
		_, base, _ := l.run(bin.Ringward, append(args, small)...)
		out, memory, took := l.run(bin.Ringward, append(args, large)...)
		t.Logf("audit %s: %d entries in %.1f s, %.0f a second; at most %d MiB of memory, %d MiB for a log of %d",
			args[1], entries, took.Seconds(), float64(entries)/took.Seconds(), memory>>20, base>>20, entries/20)
		// The race detector takes several times the memory, of whatever size the log is.
		if !harness.RaceDetector && memory > maxMemory || memory > base+maxGrowth {
			t.Errorf("audit %s takes %d MiB", args[1], memory>>20)
		}
		if args[1] == "report" {
			wantReported(t, out, entries)
		}
	}
}

func wantReported(t *testing.T, text []byte, entries int) {
	t.Helper()
	var report struct {
		Totals    struct{ Requests, Answered, Refused int }
		Integrity struct{ OK bool }
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	if got := report.Totals; got.Requests != entries || got.Refused != entries/20 || got.Answered != entries-entries/20 || !report.Integrity.OK {
		t.Errorf("the report of %d entries: %+v, whole: %t", entries, got, report.Integrity.OK)
	}
}
