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
