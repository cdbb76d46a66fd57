package audit

import (
	"errors"
	"os"
	"syscall"
)

// syncData makes a file's content and length durable. Unlike fsync it leaves
// out the time stamps, which saves a journal write.
func syncData(file *os.File) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var syncErr error
	err = conn.Control(func(fd uintptr) {
		for {
			if syncErr = syscall.Fdatasync(int(fd)); !errors.Is(syncErr, syscall.EINTR) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return syncErr
}
