package caller

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// poll expects a content, or none if want is empty.
func poll(t *testing.T, f *File, when, want string) {
	t.Helper()
	content, changed, err := f.Poll()
	if err != nil || string(content) != want || changed != (want != "") {
		t.Errorf("%s: got %q, %t, %v, want %q", when, content, changed, err, want)
	}
}

func TestChangeOfAFileIsSeenOnce(t *testing.T) {
	t.Parallel()
	path := writeFile(t, filepath.Join(t.TempDir(), "file"), "one")
	f := NewFile(path, 100)
	poll(t, f, "first", "one")
	poll(t, f, "unchanged", "")
	writeFile(t, path, "two") // as long, and within the clock's tick
	poll(t, f, "same size", "two")
	writeFile(t, path, "two")
	poll(t, f, "same content again", "")
	f.Forget()
	poll(t, f, "forgotten", "two")
}

func TestQuietFileIsNotReadAgain(t *testing.T) {
	t.Parallel()
	path := writeFile(t, filepath.Join(t.TempDir(), "file"), "one")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	f := NewFile(path, 100)
	poll(t, f, "first", "one")
	// The same size and times: only reading would tell.
	writeFile(t, path, "two")
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	poll(t, f, "quiet", "")
	f.now = func() time.Time { return old.Add(time.Second) }
	poll(t, f, "restless", "two")
}

// TestTurnedLinkIsAChange: Kubernetes replaces all files of a volume by turning
// one link.
func TestTurnedLinkIsAChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(dir, "..data")
	turn := func(version, content string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		path := writeFile(t, filepath.Join(dir, version, "file"), content)
		old := time.Unix(1e9, 0) // the same for all versions
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(version, link+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link+".new", link); err != nil {
			t.Fatal(err)
		}
	}
	turn("v1", "one")
	if err := os.Symlink(filepath.Join("..data", "file"), filepath.Join(dir, "file")); err != nil {
		t.Fatal(err)
	}
	f := NewFile(filepath.Join(dir, "file"), 100)
	poll(t, f, "first", "one")
	poll(t, f, "unchanged", "")
	turn("v2", "two")
	poll(t, f, "turned", "two")
}

func TestUnreadableFileIsAnErrorUntilItIsBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	f := NewFile(path, 3)
	fails := func(when string) {
		t.Helper()
		if content, changed, err := f.Poll(); err == nil || changed || content != nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %q, %t, %v", when, content, changed, err)
		}
	}
	fails("missing")
	writeFile(t, path, "one")
	poll(t, f, "there", "one")
	writeFile(t, path, "four")
	fails("too long")
	fails("still too long")
	writeFile(t, path, "one")
	poll(t, f, "back as it was", "")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	fails("a directory")
}
