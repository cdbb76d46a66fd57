//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package caller

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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

// keepAccess gives a new file the owner and the mode of the one it replaces, or
// else the group of its directory, which may read it. Otherwise a file that root
// edits could not be read by the service, which would never hear of a revocation.
func keepAccess(path string, file *os.File) error {
	mode := fs.FileMode(0o640)
	model, err := os.Stat(path)
	switch {
	case err == nil:
		mode = model.Mode().Perm() &^ 0o022 // nobody else may let callers in
	case !errors.Is(err, fs.ErrNotExist):
		return err
	default:
		if model, err = os.Stat(filepath.Dir(path)); err != nil {
			return err
		}
	}
	if err := takeOwner(file, model, err == nil && !model.IsDir()); err != nil {
		return err
	}
	return file.Chmod(mode)
}

// takeOwner gives a file the group of a model, and its user if that is wanted.
func takeOwner(file *os.File, model fs.FileInfo, user bool) error {
	owner, ok := model.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	uid, gid := os.Geteuid(), int(owner.Gid)
	if user {
		uid = int(owner.Uid)
	}
	if uid == os.Geteuid() && gid == os.Getegid() {
		return nil
	}
	return file.Chown(uid, gid)
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
