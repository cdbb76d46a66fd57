package faults

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Disk is a small file system of its own.
type Disk struct {
	Dir string

	t testing.TB
}

// needRoot skips a test that mounts, where that is not allowed or possible.
func needRoot(t *testing.T, commands ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NO FAULTS OF THE AUDIT DISK ARE TESTED: only root can mount one")
	}
	for _, command := range commands {
		if _, err := exec.LookPath(command); err != nil {
			t.Skipf("FAULTS OF THE AUDIT DISK ARE LEFT OUT: there is no %s", command)
		}
	}
}

// newTmpfs mounts a disk in memory, of a size as mount takes it.
func newTmpfs(t *testing.T, size string) *Disk {
	t.Helper()
	needRoot(t, "mount", "umount")
	return mounted(t, "-t", "tmpfs", "-o", "mode=700,size="+size, "tmpfs")
}

// newExt4 mounts a disk in a file.
func newExt4(t *testing.T) *Disk {
	t.Helper()
	needRoot(t, "mount", "umount", "mkfs.ext4", "fsfreeze", "chattr")
	image := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 64<<20); err != nil {
		t.Fatal(err)
	}
	command(t, "mkfs.ext4", "-q", image)
	return mounted(t, "-o", "loop", image)
}

func mounted(t *testing.T, args ...string) *Disk {
	t.Helper()
	d := &Disk{t: t, Dir: t.TempDir()}
	if out, err := exec.Command("mount", append(args, d.Dir)...).CombinedOutput(); err != nil {
		t.Skipf("FAULTS OF THE AUDIT DISK ARE LEFT OUT: mounting one: %v, %s", err, out)
	}
	t.Cleanup(func() {
		// Lazily: Ringward is ended later.
		if err := exec.Command("umount", "--lazy", d.Dir).Run(); err != nil {
			t.Errorf("umount: %v", err)
		}
	})
	return d
}

func command(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v, %s", name, err, out)
	}
}

// Fill leaves no byte free. Empty undoes it.
func (d *Disk) Fill() {
	d.t.Helper()
	file, err := os.OpenFile(d.filler(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer file.Close()
	for size := 1 << 20; size > 0; {
		if _, err = file.Write(bytes.Repeat([]byte{'x'}, size)); err != nil {
			size /= 2
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatalf("filling the disk: %v", err)
	}
}

// Empty makes room again.
func (d *Disk) Empty() {
	d.t.Helper()
	if err := os.Remove(d.filler()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *Disk) filler() string { return filepath.Join(d.Dir, "filler") }

// Freeze lets every write hang for a time.
func (d *Disk) Freeze(hang time.Duration) {
	d.t.Helper()
	// In one process, which thaws it even if the test is killed meanwhile.
	command(d.t, "sh", "-c", `fsfreeze -f "$1" && { sleep "$2"; fsfreeze -u "$1"; }`, "sh", d.Dir, seconds(hang))
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
