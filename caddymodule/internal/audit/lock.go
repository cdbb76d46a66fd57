package audit

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// lockSuffix makes the name of a log's lock file. The log itself cannot be the
// lock: it is renamed and made anew.
const lockSuffix = ".lock"

// lockPoll is how often a lock is tried: there is no bounded wait for one.
const lockPoll = 20 * time.Millisecond

var errLocked = errors.New("another process writes to this log; each instance needs an audit file of its own")

// waitForLock takes the lock, and waits for a process that is about to end.
func waitForLock(path string, wait time.Duration) (*os.File, error) {
	for deadline := time.Now().Add(wait); ; time.Sleep(lockPoll) {
		file, err := tryLock(path)
		if !errors.Is(err, errLocked) || !time.Now().Before(deadline) {
			return file, wrapLock(path, err)
		}
	}
}

func wrapLock(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("locking %s: %w", path, err)
}

// isAt reports whether path still names an open file.
func isAt(file *os.File, path string) bool {
	info, err := file.Stat()
	if err != nil {
		return false
	}
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(now, info)
}
