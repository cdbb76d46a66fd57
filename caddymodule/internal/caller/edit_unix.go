//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package caller

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// lockDirectory waits until no other process edits a file of the directory. The
// lock ends with the process, and leaves no file behind.
func lockDirectory(path string) (unlock func(), err error) {
	directory, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(directory.Fd()), syscall.LOCK_EX); err != nil {
		_ = directory.Close()
		return nil, err
	}
	return func() { _ = directory.Close() }, nil
}

// keepOwner gives a new file the owner of the one it replaces. Otherwise a file
// that root edits could no longer be read by the service.
func keepOwner(path string, file *os.File) error {
	before, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, ok := before.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) == os.Geteuid() && int(owner.Gid) == os.Getegid() {
		return nil
	}
	return file.Chown(int(owner.Uid), int(owner.Gid))
}

// syncDirectory makes the names in a directory durable. Some file systems have
// no such call; that is not an error.
func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer directory.Close()
	if err := directory.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
