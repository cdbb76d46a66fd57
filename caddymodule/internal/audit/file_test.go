//go:build unix

package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// openLog opens a log that waits long: a busy disk must not fail these tests.
func openLog(t testing.TB, path string) *Log {
	t.Helper()
	l, err := Open(path, Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func mustWrite(t testing.TB, l *Log, id string) {
	t.Helper()
	if err := l.Write(t.Context(), entry(id)); err != nil {
		t.Fatalf("writing %s: %v", id, err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// ids reads the request ids of a file in which every line must be an entry or a
// control line.
func ids(t testing.TB, path string) []string {
	t.Helper()
	var found []string
	for line := range strings.Lines(read(t, path)) {
		fields := decode(t, []byte(line))
		if _, isControl := fields["type"]; !isControl {
			found = append(found, fields["request_id"].(string))
		}
	}
	return found
}

func wantIDs(t testing.TB, path string, want ...string) {
	t.Helper()
	if got := strings.Join(ids(t, path), " "); got != strings.Join(want, " ") {
		t.Errorf("%s has %s, want %v", filepath.Base(path), got, want)
	}
}

func mode(t testing.TB, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestNewFileAndDirectoryArePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "audit.jsonl")
	mustWrite(t, openLog(t, path), "1")
	if got := mode(t, path); got != 0o600 {
		t.Errorf("file has mode %o", got)
	}
	if got := mode(t, filepath.Dir(path)); got != 0o700 {
		t.Errorf("directory has mode %o", got)
	}
	wantIDs(t, path, "1")
}

func TestExistingFileIsAppendedToAndTightened(t *testing.T) {
	for _, tt := range []struct{ before, after os.FileMode }{
		{0o600, 0o600}, {0o640, 0o640}, {0o644, 0o640}, {0o666, 0o640}, {0o400 | 0o200 | 0o020, 0o600},
	} {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		first := openLog(t, path)
		mustWrite(t, first, "1")
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.before); err != nil {
			t.Fatal(err)
		}
		mustWrite(t, openLog(t, path), "2")
		wantIDs(t, path, "1", "2")
		if got := mode(t, path); got != tt.after {
			t.Errorf("mode %o became %o, want %o", tt.before, got, tt.after)
		}
	}
}

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	link, pipe, blocked := filepath.Join(dir, "link"), filepath.Join(dir, "pipe"), filepath.Join(target, "x")
	if err := errors.Join(os.WriteFile(target, nil, 0o600), os.Symlink(target, link), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"symbolic link": link, "pipe": pipe, "directory": dir, "device": "/dev/full", "below a file": blocked,
	} {
		t.Run(name, func(t *testing.T) {
			if l, err := Open(path, Options{}); err == nil {
				_ = l.Close()
				t.Error("opened")
			}
		})
	}
}

func TestRotatedFileIsLeftForANewOne(t *testing.T) {
	dir := t.TempDir()
	path, old := filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "audit.jsonl.1")
	l := openLog(t, path)
	mustWrite(t, l, "1")
	if err := os.Rename(path, old); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, l, "2")
	mustWrite(t, l, "3")
	wantIDs(t, old, "1")
	wantIDs(t, path, "2", "3")
	mustVerify(t, []string{path, old})
	wantBroken(t, []string{path}, "lines between them are missing")
	if got := mode(t, path); got != 0o600 {
		t.Errorf("new file has mode %o", got)
	}
}

func TestRotationThatMakesTheNewFileIsFollowed(t *testing.T) {
	dir := t.TempDir()
	path, old := filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "audit.jsonl.1")
	l := openLog(t, path)
	mustWrite(t, l, "1")
	if err := errors.Join(os.Rename(path, old), os.WriteFile(path, nil, 0o640)); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, l, "2")
	wantIDs(t, old, "1")
	wantIDs(t, path, "2")
}

func TestRotationUnderLoadLosesNothing(t *testing.T) {
	const writers, each, rotations = 8, 100, 20
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	l := openLog(t, path)
	var wg sync.WaitGroup
	defer wg.Wait()
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := l.Write(t.Context(), entry(fmt.Sprintf("%d-%d", w, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range rotations {
		mustWrite(t, l, fmt.Sprintf("rotation-%d", i)) // there is a file to rename
		if err := os.Rename(path, fmt.Sprintf("%s.%d", path, i)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	wg.Wait()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	mustVerify(t, files)
	count := map[string]int{}
	for _, file := range files {
		for _, id := range ids(t, file) {
			count[id]++
		}
	}
	if len(count) != writers*each+rotations {
		t.Errorf("%d entries found, want %d", len(count), writers*each+rotations)
	}
	for id, n := range count {
		if n != 1 {
			t.Errorf("entry %s is there %d times", id, n)
		}
	}
}

func TestRemovedFileIsMadeAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	path := filepath.Join(dir, "audit.jsonl")
	l := openLog(t, path)
	mustWrite(t, l, "1")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, l, "2")
	wantIDs(t, path, "2")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, l, "3")
	wantIDs(t, path, "3")
}

func TestAnUnusablePathFailsUntilItIsMended(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	path := filepath.Join(dir, "audit.jsonl")
	l := openLog(t, path)
	mustWrite(t, l, "1")
	aside := dir + ".aside"
	if err := os.Rename(dir, aside); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/nonexistent", dir); err != nil { // nothing can be made there, not even by root
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Write(t.Context(), entry("lost")); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
	}
	if err := errors.Join(os.Remove(dir), os.Rename(aside, dir)); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, l, "2")
	wantIDs(t, path, "1", "2")
}

func TestAFileSwappedForALinkIsRefused(t *testing.T) {
	dir := t.TempDir()
	path, target := filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "target")
	l := openLog(t, path)
	mustWrite(t, l, "1")
	if err := errors.Join(os.Remove(path), os.WriteFile(target, nil, 0o600), os.Symlink(target, path)); err != nil {
		t.Fatal(err)
	}
	if err := l.Write(t.Context(), entry("2")); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if got := read(t, target); got != "" {
		t.Errorf("the link's target has %q", got)
	}
}

// openSync opens a log whose syncs a test makes.
func openSync(t *testing.T, sync func(s *fileSink, file *os.File) error) (*Log, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	opts := Options{Timeout: time.Minute}
	must(t, opts.complete())
	s, err := newFileSink(path, 0)
	must(t, err)
	s.sync = func(file *os.File) error { return sync(s, file) }
	l := newLog(s, opts)
	t.Cleanup(func() { _ = l.Close() })
	return l, path
}

// What is not synced is not durable, and a sync that failed proves nothing
// about a second one on the same descriptor.
func TestAFailedSyncIsAFailure(t *testing.T) {
	var first *os.File
	l, path := openSync(t, func(_ *fileSink, file *os.File) error {
		if first == nil {
			first = file
			return syscall.EIO
		}
		if file == first {
			t.Error("the file is used again after a failed sync")
		}
		return syncData(file)
	})
	if err := l.Write(t.Context(), entry("1")); !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v", err)
	}
	mustWrite(t, l, "2")
	wantIDs(t, path, "1", "2") // the first may be there; it was not acknowledged
	mustVerify(t, []string{path})
}

func TestSyncOfTheSystemReportsErrors(t *testing.T) {
	reader, writer, err := os.Pipe() // takes writes, but cannot be synced
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	if err := syncData(writer); err == nil {
		t.Error("no error")
	}
}

func TestAFileRemovedDuringAWriteIsWrittenAnew(t *testing.T) {
	syncs := 0
	l, path := openSync(t, func(s *fileSink, file *os.File) error {
		if syncs++; syncs == 1 {
			must(t, os.Remove(s.path))
		}
		return syncData(file)
	})
	mustWrite(t, l, "1")
	wantIDs(t, path, "1")
	mustVerify(t, []string{path})
}

// A file that is removed again and again must not keep the writer for ever.
func TestAFileRemovedEachTimeIsAFailure(t *testing.T) {
	l, _ := openSync(t, func(s *fileSink, file *os.File) error {
		return errors.Join(os.Remove(s.path), syncData(file))
	})
	if err := l.Write(t.Context(), entry("1")); !errors.Is(err, errRemoved) {
		t.Errorf("got %v", err)
	}
}
