package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// disk is a small file system with a log on it.
type disk struct {
	t                   *testing.T
	mount, log, ballast string // paths
}

const diskOptions = "size=512k"

func newDisk(t *testing.T) *disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: mounting a small file system needs root; nothing is known of full disks without it")
	}
	d := &disk{t: t, mount: harness.ShortDir(t)}
	err := syscall.Mount("tmpfs", d.mount, "tmpfs", 0, diskOptions)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.ENOSYS) {
		t.Skipf("SKIPPED: no file system may be mounted here (%v); nothing is known of full disks without one", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.mount, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	d.log, d.ballast = filepath.Join(d.mount, "log", "audit.jsonl"), filepath.Join(d.mount, "ballast")
	return d
}

// fill takes all the room there is.
func (d *disk) fill() {
	d.t.Helper()
	if err := os.WriteFile(d.ballast, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatalf("filling the disk: %v", err)
	}
}

func (d *disk) free() {
	d.t.Helper()
	if err := os.Remove(d.ballast); err != nil {
		d.t.Fatal(err)
	}
}

// setReadOnly remounts the file system, which no file on it may be open for
// writing for.
func (d *disk) setReadOnly(readOnly bool) {
	d.t.Helper()
	flags := uintptr(syscall.MS_REMOUNT)
	if readOnly {
		flags |= syscall.MS_RDONLY
	}
	if err := syscall.Mount("tmpfs", d.mount, "tmpfs", flags, diskOptions); err != nil {
		d.t.Fatal(err)
	}
}

// hide puts something in the place of the log with which no log can be written,
// and show takes it away again.
func (d *disk) hide() {
	d.t.Helper()
	dir := filepath.Dir(d.log)
	d.must(os.Rename(dir, dir+".hidden"))
	d.must(os.MkdirAll(d.log+".lock", 0o700))
}

func (d *disk) show() {
	d.t.Helper()
	dir := filepath.Dir(d.log)
	d.must(os.RemoveAll(dir))
	d.must(os.Rename(dir+".hidden", dir))
}

func (d *disk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func newDiskStage(t *testing.T, options string) (*auditStage, *disk) {
	t.Helper()
	d := newDisk(t)
	s := newAuditStage(t, options)
	s.Audit = d.log
	return s, d
}

// TestFullDiskRefusesUntilThereIsRoom: nothing is answered that could not be
// recorded, and nobody has to do anything but make room.
func TestFullDiskRefusesUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	for _, durability := range []string{"strict", "sync", "async"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			s, d := newDiskStage(t, "durability "+durability)
			s.Run()
			load := s.load()
			for range 2 {
				load.await(20, 0)
				d.fill()
				load.await(0, 20)
				d.free()
				load.await(20, 0)
			}
			answered := load.stop()
			load.wantNoFailure()
			s.stop() // writes what async lets wait
			auditTextOf(t, d.log).wantAll(t, answered)
			t.Logf("%d answered, %d refused: %s", len(answered), load.refused, s.verify(d.log))
			if !strings.Contains(s.Process.Stderr(), `"event":"audit_unavailable"`) {
				t.Error("no event tells of it")
			}
		})
	}
}

// TestReadOnlyDiskCostsNothing: where the log is known to fail, the provider is
// not asked.
func TestReadOnlyDiskCostsNothing(t *testing.T) {
	t.Parallel()
	s, d := newDiskStage(t, "checkpoint 1000 1h")
	s.Run()
	answered := s.mustAnswer(3)
	// A file system cannot be made read-only while a file is open for writing, as
	// the kernel does by itself when a disk fails. So the log first lets go of its
	// files.
	d.hide()
	s.mustRefuse(1)
	d.show()
	d.setReadOnly(true)
	calls := s.Standin.Calls(t, s.Provider)
	s.mustRefuse(10)
	if now := s.Standin.Calls(t, s.Provider); now != calls {
		t.Errorf("%d lookups were paid for that could not be recorded", now-calls)
	}
	d.setReadOnly(false)
	answered = append(answered, s.recovered())
	answered = append(answered, s.mustAnswer(3)...)
	auditTextOf(t, d.log).wantAll(t, answered)
	s.verify(d.log)
}

// mustAnswer looks up and returns the ids of the answers.
func (s *auditStage) mustAnswer(lookups int) (ids []string) {
	s.t.Helper()
	for range lookups {
		got, err := s.ask()
		if err != nil || got.Status != http.StatusOK {
			s.t.Fatalf("got %d %s, %v", got.Status, got.Body, err)
		}
		ids = append(ids, got.Header.Get("X-Request-Id"))
	}
	return ids
}

// mustRefuse looks up and wants to be told to come again.
func (s *auditStage) mustRefuse(lookups int) {
	s.t.Helper()
	for range lookups {
		got, err := s.ask()
		if err != nil || got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
			s.t.Fatalf("got %d %s, %v", got.Status, got.Body, err)
		}
	}
}

// recovered waits for an answer and returns its id.
func (s *auditStage) recovered() (id string) {
	s.t.Helper()
	harness.Eventually(s.t, harness.Soon, "an answer", func() error {
		got, err := s.ask()
		if err == nil && got.Status != http.StatusOK {
			err = fmt.Errorf("got %d", got.Status)
		}
		id = got.Header.Get("X-Request-Id")
		return err
	})
	return id
}

// TestFaultOfOneDiskCostsNothing: with two places, of which one is on a disk that
// is full for a while, nobody notices, and the file there catches up.
func TestFaultOfOneDiskCostsNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		places func(s *auditStage, d *disk, c *collector) (also, other string)
	}{
		{"the first file", func(s *auditStage, d *disk, _ *collector) (string, string) {
			other := s.Audit
			s.Audit = d.log
			return "file " + other, other
		}},
		{"the second file", func(s *auditStage, d *disk, _ *collector) (string, string) {
			return "file " + d.log, s.Audit
		}},
		{"the file beside a collector", func(s *auditStage, d *disk, c *collector) (string, string) {
			s.Audit = d.log
			return "tcp " + c.address, c.path
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, d, c := newAuditStage(t, ""), newDisk(t), newCollector(t)
			also, other := tt.places(s, d, c)
			s.AuditMore += "also " + also
			s.Run()
			load := s.load()
			load.await(20, 0)
			d.fill()
			load.await(100, 0)
			d.free()
			load.await(20, 0)
			answered := load.stop()
			load.wantNoFailure()
			load.wantNoRefusal()
			s.stop()
			c.drain()
			for _, path := range []string{d.log, other} {
				auditTextOf(t, path).wantAll(t, answered)
				t.Log(s.verify(path))
			}
		})
	}
}
