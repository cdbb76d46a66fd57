package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	fileMode      fs.FileMode = 0o600
	directoryMode fs.FileMode = 0o700

	// mostMode is what a file found at the path may keep: operators let a log
	// shipper's group read it, but nobody else, and nobody else write.
	mostMode fs.FileMode = 0o640
)

var errRemoved = errors.New("file was removed while it was written")

// fileSink appends lines to a file and syncs them.
//
// It has one way to recover, whatever went wrong: close the file, and open it
// anew for the next append. A sync that failed must not be tried again on the
// same descriptor: the kernel may have dropped the pages and report success.
//
// Nothing is ever cut off the file. Lines that were torn by a crash or a full
// disk stay, and the next line admits them. This works on files with the
// append-only attribute.
type fileSink struct {
	path     string
	names    segmentNames
	lockWait time.Duration // for the first lock only
	lock     *os.File
	file     *os.File    // nil after a failure
	info     fs.FileInfo // of file, to recognise it
	size     int64       // of file
	head     head        // of file; to be set by who writes to an empty one
	begun    bool        // the end of the chain has been found once
	left     tail        // how the last file ended when an append to it failed
	sync     func(*os.File) error
}

// newFileSink checks the path, so that a config with an unusable one fails
// early. Nothing is made or changed before Ready.
func newFileSink(path string, lockWait time.Duration) (*fileSink, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := Probe(path); err != nil {
		return nil, err
	}
	return &fileSink{path: path, names: newSegmentNames(path), lockWait: lockWait, left: tail{empty: true}, sync: syncData}, nil
}

// Ready opens the file that the path names now, unless it is open already.
func (s *fileSink) Ready() (tail, bool, error) {
	if s.file != nil {
		now, err := os.Lstat(s.path)
		if err == nil && os.SameFile(now, s.info) {
			return tail{}, false, nil
		}
		s.forget()
	}
	end, err := s.open()
	if err != nil {
		return tail{}, false, err
	}
	s.begun = true
	return end, true, nil
}

// Append makes lines durable.
func (s *fileSink) Append(lines []byte) (n int, err error) {
	defer func() { s.settle(err) }()
	n, err = s.file.Write(lines)
	s.size += int64(n)
	if err != nil {
		return n, err
	}
	if err := s.sync(s.file); err != nil {
		return n, fmt.Errorf("syncing %s: %w", s.path, err)
	}
	removed, err := isUnlinked(s.file)
	if err != nil {
		return n, err
	}
	if removed {
		return 0, errRemoved
	}
	return n, nil
}

// settle gives up the file after a failure. It may be renamed before it is
// opened again, so what it ended with is kept in mind.
func (s *fileSink) settle(err error) {
	s.left = tail{empty: true}
	if err == nil {
		return
	}
	if info, statErr := s.file.Stat(); statErr == nil && !errors.Is(err, errRemoved) {
		if left, readErr := readTail(s.file, info.Size()); readErr == nil {
			s.left = left
		}
	}
	s.forget()
}

// forget closes the file. All that was acknowledged has been synced, so there
// is no error to act upon.
func (s *fileSink) forget() {
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
}

func (s *fileSink) open() (tail, error) {
	directory := filepath.Dir(s.path)
	if err := os.MkdirAll(directory, directoryMode); err != nil {
		return tail{}, err
	}
	if err := s.ensureLock(); err != nil {
		return tail{}, err
	}
	file, err := os.OpenFile(s.path, os.O_RDWR|os.O_APPEND|os.O_CREATE|openFlags, fileMode)
	if err != nil {
		return tail{}, err
	}
	end, err := s.adopt(file)
	if err != nil {
		_ = file.Close()
		return tail{}, err
	}
	// A new file is lost in a crash unless its directory is synced too.
	if err := syncDirectory(directory); err != nil {
		s.forget()
		return tail{}, fmt.Errorf("syncing %s: %w", directory, err)
	}
	if end, err = s.goOn(end, directory); err != nil {
		s.forget()
	}
	return end, err
}

// goOn finds where the chain goes on when the file at the path has no line yet.
func (s *fileSink) goOn(end tail, directory string) (tail, error) {
	if end.last.seq > 0 || s.begun && !end.empty {
		return end, nil
	}
	before := s.left
	if !s.begun {
		var err error
		if before, err = s.names.newestTail(directory); err != nil {
			return tail{}, err
		}
	}
	before.open = false // nothing is appended to that file
	if end.empty {
		return before, nil
	}
	end.last = before.last
	return end, nil
}

// ensureLock takes the lock, and takes it anew when its file was removed.
func (s *fileSink) ensureLock() (err error) {
	path := s.path + lockSuffix
	if s.lock != nil {
		if isAt(s.lock, path) {
			return nil
		}
		s.unlock()
	}
	s.lock, err = waitForLock(path, s.lockWait)
	s.lockWait = 0
	return err
}

func (s *fileSink) unlock() {
	if s.lock != nil {
		_ = s.lock.Close()
		s.lock = nil
	}
}

// adopt checks an opened file and takes it into use.
func (s *fileSink) adopt(file *os.File) (tail, error) {
	info, err := file.Stat()
	if err != nil {
		return tail{}, err
	}
	if !info.Mode().IsRegular() {
		return tail{}, fmt.Errorf("%s is not a regular file", s.path)
	}
	if mode := info.Mode().Perm(); mode&^mostMode != 0 {
		if err := file.Chmod(mode & mostMode); err != nil {
			return tail{}, err
		}
	}
	end, err := readTail(file, info.Size())
	if err != nil {
		return tail{}, fmt.Errorf("%s: %w", s.path, err)
	}
	first, err := readHead(file)
	if err != nil {
		return tail{}, fmt.Errorf("%s: %w", s.path, err)
	}
	s.file, s.info, s.size, s.head = file, info, info.Size(), first
	return end, nil
}

// Close closes the file and lets the lock go.
func (s *fileSink) Close() error {
	defer s.unlock()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
