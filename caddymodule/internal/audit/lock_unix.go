//go:build unix

package audit

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the lock file at path, making it if need be. The lock goes when
// the file is closed, and with its process. The file stays: to remove it would
// let two processes each lock one.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|openFlags, fileMode)
	if err != nil {
		return nil, err
	}
	if err := flock(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	if !isAt(file, path) { // removed between the two
		_ = file.Close()
		return nil, errLocked
	}
	return file, nil
}

func flock(file *os.File) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var lockErr error
	if err := conn.Control(func(fd uintptr) {
		lockErr = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
	}); err != nil {
		return err
	}
	if errors.Is(lockErr, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return lockErr
}
