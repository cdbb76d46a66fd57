package caller

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func add(t *testing.T, path, name, key string) {
	t.Helper()
	if err := AddKey(path, name, Key{Digest: DigestOf(key)}, today); err != nil {
		t.Fatal(err)
	}
}

// state is the callers of a file with the ids of their keys.
func state(t *testing.T, path string) string {
	t.Helper()
	specs, err := List(path)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range specs {
		b.WriteString(s.Name + ":")
		for _, k := range s.Keys {
			b.WriteString(" " + k.Digest.KeyID())
		}
		b.WriteString(";")
	}
	return b.String()
}

func TestKeysAreAddedAndRevoked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "callers.json")
	id := func(key string) string { return DigestOf(key).KeyID() }
	steps := []struct {
		name string
		do   func() error
		want string
	}{
		{"new file", func() error { return AddKey(path, "signup", Key{Digest: DigestOf("a")}, today) }, "signup: " + id("a") + ";"},
		{"second key", func() error { return AddKey(path, "signup", Key{Digest: DigestOf("b")}, today) }, "signup: " + id("a") + " " + id("b") + ";"},
		{"second caller", func() error { return AddKey(path, "x", Key{Digest: DigestOf("c")}, today) }, "signup: " + id("a") + " " + id("b") + ";x: " + id("c") + ";"},
		{"revoked", func() error { return Revoke(path, "signup", id("a")) }, "signup: " + id("b") + ";x: " + id("c") + ";"},
		{"all revoked", func() error { return RevokeAll(path, "x") }, "signup: " + id("b") + ";x:;"},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := state(t, path); got != step.want {
			t.Errorf("%s: got %s, want %s", step.name, got, step.want)
		}
	}
}

func TestExpiredKeysMakeRoom(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "callers.json")
	for _, key := range []Key{{DigestOf("a"), Expiry(today.Add(time.Hour))}, {DigestOf("b"), Expiry{}}} {
		if err := AddKey(path, "signup", key, today); err != nil {
			t.Fatal(err)
		}
	}
	if err := AddKey(path, "signup", Key{Digest: DigestOf("c")}, today); err == nil {
		t.Error("a third key was added")
	}
	if err := AddKey(path, "signup", Key{Digest: DigestOf("c")}, today.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if got, want := state(t, path), "signup: "+DigestOf("b").KeyID()+" "+DigestOf("c").KeyID()+";"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEditKeepsWhatItDoesNotChange(t *testing.T) {
	t.Parallel()
	path := writeFile(t, filepath.Join(t.TempDir(), "callers.json"),
		callersJSON(`"keys":[],"tier":"gold","regions":["US"],"expires":"2028-01-01","release":["validity"]`))
	add(t, path, "signup", "a")
	specs, err := List(path)
	if err != nil || len(specs) != 1 {
		t.Fatal(err)
	}
	if s := specs[0]; s.Tier != "gold" || s.Regions[0] != "US" || time.Time(s.Expires).Year() != 2028 || s.Release[0] != "validity" || len(s.Keys) != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestEditThatFailsLeavesTheFileAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "callers.json")
	add(t, path, "signup", "a")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := newKey(t)
	for name, do := range map[string]func() error{
		"impossible name":   func() error { return AddKey(path, "Sign Up", Key{Digest: DigestOf("b")}, today) },
		"key as a name":     func() error { return AddKey(path, key, Key{Digest: DigestOf("b")}, today) },
		"key of another":    func() error { return AddKey(path, "x", Key{Digest: DigestOf("a")}, today) },
		"no digest":         func() error { return AddKey(path, "x", Key{}, today) },
		"unknown caller":    func() error { return Revoke(path, "x", DigestOf("a").KeyID()) },
		"unknown key":       func() error { return Revoke(path, "signup", DigestOf("b").KeyID()) },
		"unknown, all":      func() error { return RevokeAll(path, "x") },
		"missing file":      func() error { return RevokeAll(filepath.Join(dir, "missing"), "signup") },
		"missing directory": func() error { return AddKey(filepath.Join(dir, "a", "b"), "x", Key{Digest: DigestOf("b")}, today) },
	} {
		if err := do(); err == nil || strings.Contains(err.Error(), key[4:]) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file changed: %s, %v", after, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	writeFile(t, path, callersJSON(`"keys":[],"unknown":1`))
	if err := AddKey(path, "signup", Key{Digest: DigestOf("a")}, today); err == nil {
		t.Error("a member that is not known was dropped silently")
	}
}

// TestEditedFileIsReadByWhoReadItBefore: a service that can no longer read its
// callers never hears of a revocation.
func TestEditedFileIsReadByWhoReadItBefore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := filepath.Join(dir, "real.json")
	if err := os.WriteFile(target, []byte(`{"callers":[]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "callers.json")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	add(t, link, "signup", "a")
	info, err := os.Lstat(link)
	if err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if info, err = os.Stat(target); err != nil || info.Mode() != 0o644 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	for before, after := range map[os.FileMode]os.FileMode{0o640: 0o640, 0o600: 0o600, 0o666: 0o644, 0o660: 0o640} {
		if err := os.Chmod(target, before); err != nil {
			t.Fatal(err)
		}
		if err := RevokeAll(target, "signup"); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(target); err != nil || info.Mode() != after {
			t.Errorf("%v became %v, %v", before, info.Mode(), err)
		}
	}
	fresh := filepath.Join(dir, "fresh.json")
	add(t, fresh, "signup", "b")
	if info, err := os.Stat(fresh); err != nil || info.Mode() != 0o640 {
		t.Errorf("a new file: got %v, %v", info.Mode(), err)
	}
	if got := state(t, target); !strings.HasPrefix(got, "signup:") {
		t.Errorf("got %s", got)
	}
}

func TestEditsAtTheSameTimeAllCount(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "callers.json")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := AddKey(path, fmt.Sprintf("caller-%d", i), Key{Digest: DigestOf(fmt.Sprint(i))}, today); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if specs, err := List(path); err != nil || len(specs) != 20 {
		t.Errorf("got %d callers, %v", len(specs), err)
	}
}
