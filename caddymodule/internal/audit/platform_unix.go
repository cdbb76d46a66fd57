//go:build unix

package audit

import (
	"errors"
	"os"
	"syscall"
)

// openFlags: a symbolic link at the path would let whoever may write to the
// directory choose the file that is written; a pipe must not hang the open.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// isUnlinked reports whether the file has no name left.
func isUnlinked(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 0, nil
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
