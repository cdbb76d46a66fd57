package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
// anew at the next append. A sync that failed must not be tried again on the
// same descriptor: the kernel may have dropped the pages and report success.
//
// Nothing is ever cut off the file. A line that was torn by a crash or a full
// disk gets its newline instead, so that no entry is glued to it. This works on
// files with the append-only attribute, and cannot take away entries that
// another process wrote.
type fileSink struct {
	path string
	file *os.File    // nil after a failure
	info fs.FileInfo // of file, to recognise it
	torn bool        // the last line in file is not complete
	sync func(*os.File) error
}

// openFile opens the file at path, so that a config with an unusable path fails
// at start.
func openFile(path string) (*fileSink, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	s := &fileSink{path: path, sync: syncData}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// Append makes lines durable. When the file was removed under it, it writes
// them once more to a new one.
func (s *fileSink) Append(lines []byte) error {
	err := s.appendOnce(lines)
	if errors.Is(err, errRemoved) {
		err = s.appendOnce(lines)
	}
	return err
}

func (s *fileSink) appendOnce(lines []byte) (err error) {
	defer func() {
		if err != nil {
			s.forget()
		}
	}()
	if err := s.ensureCurrent(); err != nil {
		return err
	}
	if s.torn {
		if _, err := s.file.Write([]byte{'\n'}); err != nil {
			return err
		}
		s.torn = false
	}
	if _, err := s.file.Write(lines); err != nil {
		return err
	}
	if err := s.sync(s.file); err != nil {
		return fmt.Errorf("syncing %s: %w", s.path, err)
	}
	removed, err := isUnlinked(s.file)
	if err != nil {
		return err
	}
	if removed {
		return errRemoved
	}
	return nil
}

// ensureCurrent opens the file that path names now, unless it is open already.
func (s *fileSink) ensureCurrent() error {
	if s.file != nil {
		now, err := os.Lstat(s.path)
		if err == nil && os.SameFile(now, s.info) {
			return nil
		}
		s.forget()
	}
	return s.open()
}

// forget closes the file. All that was acknowledged has been synced, so there
// is no error to act upon.
func (s *fileSink) forget() {
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
}

func (s *fileSink) open() error {
	directory := filepath.Dir(s.path)
	if err := os.MkdirAll(directory, directoryMode); err != nil {
		return err
	}
	file, err := os.OpenFile(s.path, os.O_RDWR|os.O_APPEND|os.O_CREATE|openFlags, fileMode)
	if err != nil {
		return err
	}
	if err := s.adopt(file); err != nil {
		_ = file.Close()
		return err
	}
	// A new file is lost in a crash unless its directory is synced too.
	if err := syncDirectory(directory); err != nil {
		s.forget()
		return fmt.Errorf("syncing %s: %w", directory, err)
	}
	return nil
}

// adopt checks an opened file and takes it into use.
func (s *fileSink) adopt(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", s.path)
	}
	if mode := info.Mode().Perm(); mode&^mostMode != 0 {
		if err := file.Chmod(mode & mostMode); err != nil {
			return err
		}
	}
	torn, err := endsTorn(file, info.Size())
	if err != nil {
		return err
	}
	s.file, s.info, s.torn = file, info, torn
	return nil
}

// endsTorn reports whether the file ends in the middle of a line.
func endsTorn(file *os.File, size int64) (bool, error) {
	if size == 0 {
		return false, nil
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], size-1); err != nil {
		return false, fmt.Errorf("reading the end of the file: %w", err)
	}
	return last[0] != '\n', nil
}

// Close closes the file.
func (s *fileSink) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
