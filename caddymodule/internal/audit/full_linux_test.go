package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallFileSystem mounts a file system of 64 KiB.
func smallFileSystem(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a small file system")
	}
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k")
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.ENOSYS) {
		t.Skipf("may not mount a file system here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestAFullDiskRefusesUntilThereIsRoom(t *testing.T) {
	dir := smallFileSystem(t)
	path, ballast := filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 32<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	l := openLog(t, path)

	want := map[string]bool{}
	var err error
	for i := range 1000 {
		id := fmt.Sprintf("before-%d", i)
		if err = l.Write(t.Context(), entry(id)); err != nil {
			break
		}
		want[id] = true
	}
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is full: %v", err)
	}
	for range 3 {
		if err := l.Write(t.Context(), entry("while-full")); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("the disk is still full: %v", err)
		}
	}
	if content := read(t, path); strings.HasSuffix(content, "\n") {
		t.Fatal("the full disk tore no line: the test does not test what it should")
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		id := fmt.Sprintf("after-%d", i)
		mustWrite(t, l, id)
		want[id] = true
	}
	checkLines(t, path, want)
	if chain := mustVerify(t, []string{path}).Chains[0]; chain.Torn != 1 {
		t.Errorf("%d torn tails recorded, want 1", chain.Torn)
	}
}

// A disk that is full again and again, and has a little room in between, leaves a
// chain that holds.
func TestADiskThatIsFullAgainAndAgain(t *testing.T) {
	signer, verifiers := testKeys(t)
	dir := smallFileSystem(t)
	path := filepath.Join(dir, "audit.jsonl")
	l := openWith(t, path, Options{Signer: signer, CheckpointEntries: 5})
	want := map[string]bool{}
	for round := range 12 {
		ballast := filepath.Join(dir, "ballast")
		must(t, os.WriteFile(ballast, nil, 0o600))
		_ = os.WriteFile(ballast, make([]byte, 64<<10), 0o600) // takes what there is
		for i := range 50 {
			id := fmt.Sprintf("%d-%d", round, i)
			if l.Write(t.Context(), entry(id)) == nil {
				want[id] = true
			} else if i > 20 {
				break
			}
		}
		must(t, os.Truncate(ballast, max(0, sizeOf(t, ballast)-4096)))
	}
	must(t, os.Remove(filepath.Join(dir, "ballast")))
	mustWrite(t, l, "end")
	must(t, l.Close())
	report, err := Verify([]string{path}, VerifyOptions{Verifiers: verifiers})
	if err != nil || report.Chains[0].Torn == 0 {
		t.Errorf("got %+v, %v", report, err)
	}
	checkLines(t, path, want)
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}

// checkLines wants each entry on a line of its own. Entries that were written but
// not acknowledged may be there.
func checkLines(t *testing.T, path string, want map[string]bool) {
	t.Helper()
	for line := range strings.Lines(read(t, path)) {
		var e struct {
			RequestID string `json:"request_id"`
		}
		if json.Unmarshal([]byte(line), &e) == nil {
			delete(want, e.RequestID)
		}
	}
	if len(want) != 0 {
		t.Errorf("acknowledged but missing: %v", want)
	}
}
